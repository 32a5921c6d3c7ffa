"""`examples/language_model.py` against a small stand-in for an endpoint: no network is needed."""

import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import gymnasium as gym
import pytest

from neuralprog_envs.interfaces.replay import demonstration
from neuralprog_envs.interfaces.text import TextEnv

EXAMPLE = Path(__file__).parents[2] / "examples" / "language_model.py"


@contextmanager
def endpoint(answers):
    """Serve a model that knows its answers by heart; keep what it is asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers.get("Authorization"), body))
            text = answers[len(asked) - 1]
            reply = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", asked
        finally:
            server.shutdown()
            thread.join()


def expert(env_id, length):
    env = TextEnv(gym.make(env_id, length=length))
    env.reset(seed=0)
    actions = demonstration(env.task_env.task, env.task_env.instance)
    return [env.language.write(action) for action in actions]


@pytest.mark.parametrize(
    ("env_id", "length"), [("NRAMCopy-v0", 2), ("NPIMax-v0", 2), ("NPTextMatch-v0", 10)]
)
def test_a_model_that_knows_the_way_solves_it(env_id, length, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    answers = expert(env_id, length)
    talkative = [f"First I think.\n```\n{answers[0]}\n```\n", *answers[1:]]
    if env_id == "NRAMCopy-v0":
        talkative = ["I do not know.", *talkative]
    with endpoint(talkative) as (url, asked):
        words = ["--env", env_id, "--length", str(length), "--url", url, "--model", "mine"]
        done = subprocess.run(
            [sys.executable, str(EXAMPLE), *words], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"mine solved 1 of 1 episodes of {env_id}\n")
    assert len(asked) == len(talkative)
    path, key, body = asked[-1]
    assert (path, key, body["model"]) == ("/v1/chat/completions", "Bearer secret", "mine")
    roles = [message["role"] for message in body["messages"]]
    assert roles == ["system"] + ["user", "assistant"] * (len(asked) - 1) + ["user"]
    assert "The reward is 1 at the end" in body["messages"][1]["content"]
