"""Cases of every form: what `poc.yaml` names under `cases:`, read as one stream of `Case`."""

from pilothouse.prove.cases.source import CasesFrom, CaseSource, load_cases, open_cases

__all__ = ["CaseSource", "CasesFrom", "load_cases", "open_cases"]
