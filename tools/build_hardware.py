"""Makes src/pilothouse/data/hardware/hardware.json from measured runs and published prices.

    python tools/build_hardware.py FOLDER

FOLDER holds vllm-cost-meter/master_results.csv (MIT, arXiv:2606.11690) and tensorrt_llm_throughput.csv (NVIDIA's
tables, Apache-2.0). Architectures are read off each model's published configuration; GPU prices name their source.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

TO = Path(__file__).parents[1] / "src/pilothouse/data/hardware/hardware.json"
HF = "https://huggingface.co/"
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama-3.1-8b": ("meta-llama/Llama-3.1-8B", {"parameters_b": 8.03, "layers": 32, "kv_heads": 8}),
    "llama-3.1-70b": ("meta-llama/Llama-3.1-70B", {"parameters_b": 70.55, "layers": 80, "kv_heads": 8}),
    "llama-3.3-70b": ("meta-llama/Llama-3.3-70B-Instruct", {"parameters_b": 70.55, "layers": 80, "kv_heads": 8}),
    "llama-3.1-405b": ("meta-llama/Llama-3.1-405B", {"parameters_b": 405.85, "layers": 126, "kv_heads": 8}),
    "mistral-7b": ("mistralai/Mistral-7B-Instruct-v0.3", {"parameters_b": 7.25, "layers": 32, "kv_heads": 8}),
    "mixtral-8x7b": ("mistralai/Mixtral-8x7B-Instruct-v0.1", {"parameters_b": 46.7, "layers": 32, "kv_heads": 8}),
    "mixtral-8x22b": ("mistralai/Mixtral-8x22B-Instruct-v0.1", {"parameters_b": 140.63, "layers": 56, "kv_heads": 8}),
    "mistral-large-2": ("mistralai/Mistral-Large-Instruct-2407", {"parameters_b": 122.61, "layers": 88, "kv_heads": 8}),
    "codellama-34b": ("codellama/CodeLlama-34b-hf", {"parameters_b": 33.74, "layers": 48, "kv_heads": 8}),
    "starcoder2-15b": ("bigcode/starcoder2-15b", {"parameters_b": 15.96, "layers": 40, "kv_heads": 4,
                       "window_tokens": 4096, "windowed_layers": 40}),
    "phi-3-medium": ("microsoft/Phi-3-medium-128k-instruct", {"parameters_b": 13.96, "layers": 40, "kv_heads": 10}),
    "falcon-7b": ("tiiuae/falcon-7b", {"parameters_b": 7.22, "layers": 32, "kv_heads": 1, "head_size": 64}),
    "falcon-40b": ("tiiuae/falcon-40b", {"parameters_b": 41.84, "layers": 60, "kv_heads": 8, "head_size": 64}),
    "bloom": ("bigscience/bloom", {"parameters_b": 176.25, "layers": 70, "kv_heads": 112}),
    "qwen3-30b-a3b": ("Qwen/Qwen3-30B-A3B", {"parameters_b": 30.53, "layers": 48, "kv_heads": 4}),
    "deepseek-v3": ("deepseek-ai/DeepSeek-V3", {"parameters_b": 671.0, "layers": 61, "latent_size": 576}),
}  # fmt: skip
SEMI = "SemiAnalysis InferenceX, 2026-04-02"
SKY = "SkyPilot catalogue, 2026"
GPUS = {
    "a100": {"memory_gib": 80, "usd_hour": {"on_demand": "1.39"}, "source": SKY},
    "h100": {"memory_gib": 80, "usd_hour": {"on_demand": "1.29", "reserved_3y": "1.30", "owned": "1.69"}, "source": f"{SKY}; {SEMI}"},
    "h200": {"memory_gib": 141, "usd_hour": {"reserved_3y": "1.60", "owned": "1.74"}, "source": SEMI},
    "b200": {"memory_gib": 180, "usd_hour": {"reserved_3y": "2.90", "owned": "2.34"}, "source": SEMI},
}  # fmt: skip
NAMES = {
    "meta-llama/Meta-Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "Qwen/Qwen3-30B-A3B-Instruct-2507": "qwen3-30b-a3b",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b",
}


def main(folder: Path) -> None:
    """Write the file."""
    whole = {
        "gpus": GPUS,
        "architectures": {k: {**a, "url": HF + page} for k, (page, a) in MODELS.items()},
        "curves": [*_vllm(folder / "vllm-cost-meter/master_results.csv"),
                   *_tensorrt(folder / "tensorrt_llm_throughput.csv")],
    }  # fmt: skip
    TO.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(f"{len(whole['curves'])} curves, {TO.stat().st_size} bytes")


def _vllm(path: Path) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in csv.DictReader(path.open(encoding="utf-8")):
        curve = found.setdefault(
            row["config"],
            {
                "id": f"vllm-cost-meter/{row['config']}",
                "model": NAMES[row["model"]],
                "engine": row["engine"],
                "precision": {"float16": "fp16"}.get(row["precision"], row["precision"]),
                "gpu": "h100" if row["hardware"] == "H100" else "a100",
                "gpus": int(row["gpus"]),
                "input_tokens": 512,
                "output_tokens": 256,
                "runs": [],
                "source": "vllm-cost-meter 3f308c03, MIT, arXiv:2606.11690",
            },
        )
        curve["runs"].append([float(row["rps"]), round(float(row["tps_output"]), 1)])
    for curve in found.values():
        curve["runs"].sort()
    return [found[k] for k in sorted(found)]


def _tensorrt(path: Path) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for row in csv.DictReader(path.open(encoding="utf-8")):
        if row["batch"] or row["gpu"].lower() not in GPUS or "v1.0" not in row["source"]:
            continue
        out.append(
            {
                "id": f"tensorrt-llm-1.0/{row['model']}/{row['precision']}/{row['gpus']}x{row['gpu']}/{row['isl']}-{row['osl']}",
                "model": row["model"].lower(),
                "engine": "tensorrt-llm",
                "precision": row["precision"].lower(),
                "gpu": row["gpu"].lower(),
                "gpus": int(row["gpus"]),
                "input_tokens": int(row["isl"]),
                "output_tokens": int(row["osl"]),
                "runs": [[0, float(row["output_tok_s_total"])]],
                "source": "TensorRT-LLM 1.0 performance overview, Apache-2.0",
            }
        )
    return out


if __name__ == "__main__":
    main(Path(sys.argv[1]))
