"""A language model plays an environment, behind any OpenAI-compatible endpoint.

    python examples/language_model.py --env NRAMCopy-v0 --length 2 \
        --url http://localhost:8000/v1 --model my-model

The key is that of the environment variable OPENAI_API_KEY, if there is one. The model is given the
rules and the state, and answers with one line, the action. Needs the package alone.
"""

from __future__ import annotations

import argparse
import json
import os
import urllib.request
from collections.abc import Callable

import gymnasium as gym

import neuralprog_envs  # noqa: F401  (registers the environments)
from neuralprog_envs.interfaces.text import TextEnv

PROMPT = "You act in an environment. Answer with the next action alone, on one line."
Message = dict[str, str]


def chat(url: str, model: str, seconds: float) -> Callable[[list[Message]], str]:
    """Return what asks an endpoint for the next message of a conversation."""
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("OPENAI_API_KEY"):
        headers["Authorization"] = f"Bearer {key}"

    def ask(messages: list[Message]) -> str:
        body = json.dumps({"model": model, "messages": messages, "temperature": 0}).encode()
        request = urllib.request.Request(f"{url.rstrip('/')}/chat/completions", body, headers)
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return str(json.load(answer)["choices"][0]["message"]["content"])

    return ask


def last_line(text: str) -> str:
    """Return the last line of an answer, without a code block's marks: models explain first."""
    lines = [line.strip().strip("`").strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")


def play(env: TextEnv, ask: Callable[[list[Message]], str], seed: int) -> tuple[bool, float]:
    """Play one episode; return whether it succeeded, and the sum of rewards."""
    observation, info = env.reset(seed=seed)
    messages = [{"role": "system", "content": PROMPT}]
    total, over = 0.0, False
    while not over:
        messages.append({"role": "user", "content": observation})
        action = last_line(ask(messages))
        messages.append({"role": "assistant", "content": action})
        observation, reward, terminated, truncated, info = env.step(action)
        print(f"{action}\n{observation}\n")
        total, over = total + reward, terminated or truncated
    return info["success"], total


def main(words: list[str] | None = None) -> None:
    """Play some episodes and print how many succeeded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--env", default="NRAMCopy-v0", help="an environment's id (NRAMCopy-v0)")
    parser.add_argument("--length", type=int, default=2, help="of its instances (2)")
    parser.add_argument("--episodes", type=int, default=1, help="how many (1)")
    parser.add_argument("--url", default="http://localhost:8000/v1", help="the endpoint")
    parser.add_argument("--model", default="model", help="the model's name there")
    parser.add_argument("--seconds", type=float, default=120.0, help="to wait for an answer (120)")
    args = parser.parse_args(words)
    env = TextEnv(gym.make(args.env, length=args.length))
    ask = chat(args.url, args.model, args.seconds)
    solved = [play(env, ask, seed)[0] for seed in range(args.episodes)]
    print(f"{args.model} solved {sum(solved)} of {args.episodes} episodes of {args.env}")


if __name__ == "__main__":
    main()
