"""Keys and tokens by the shapes that their makers publish, and blocks of private keys.

Sources: GitHub "token formats" (2021), AWS IAM identifiers (AKIA, ASIA and 16 characters), Google API keys
(AIza and 35), Slack token types (xoxb and others), Stripe key prefixes (sk_live_, rk_live_), GitLab token
overview (glpat-), Hugging Face user access tokens (hf_), npm (npm_ and 36), OpenAI and Anthropic (sk-,
sk-ant-), JSON Web Tokens (RFC 7519: base64url of `{"` is eyJ), textual keys (RFC 7468), and our own (ph-).
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"sk-[A-Za-z0-9_\-]{20,300}"
    r"|A(?:KIA|SIA)[A-Z2-7]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}"
    r"|github_pat_[A-Za-z0-9_]{40,255}"
    r"|AIza[A-Za-z0-9_\-]{35}"
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,250}"
    r"|[rs]k_live_[A-Za-z0-9]{16,250}"
    r"|glpat-[A-Za-z0-9_\-]{20,100}"
    r"|hf_[A-Za-z0-9]{30,60}"
    r"|npm_[A-Za-z0-9]{36}"
    r"|ph-[A-Za-z0-9_\-]{43}"
    r"|eyJ[A-Za-z0-9_\-]{10,2000}\.eyJ[A-Za-z0-9_\-]{10,2000}\.[A-Za-z0-9_\-]{10,1000}"
)
TOKEN_STARTS = (
    "sk-",
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "AIza",
    "xox",
    "k_live_",
    "glpat-",
    "hf_",
    "npm_",
    "ph-",
    "eyJ",
)
"""Without one of these nothing can match: looking for them costs a tenth."""
PEM_BEGIN = "-----BEGIN"
LONGEST_PEM = 8192
"""A private RSA key of 8,192 bits has 6,400 characters."""
PEM = re.compile(
    r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
    rf"(?:(?!-----END)[\s\S]){{0,{LONGEST_PEM}}}"
    r"(?:-----END [A-Z ]{0,20}PRIVATE KEY-----)?"
)
"""One that is cut off counts too."""
