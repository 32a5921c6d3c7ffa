"""The complete state of a Stable-Baselines3 learner between two rollouts, as arrays and numbers.

The library's own files contain pickles, which can execute code, and they leave out environments,
random generators and the replay buffer. This state is complete, so that a killed run continues with
the same bits.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch

from neuralprog_agents.agent import Tensors
from neuralprog_agents.agents.rl.vec_env import ProgramVecEnv

_COUNTERS = (
    "num_timesteps",
    "_n_updates",
    "_current_progress_remaining",
    "_episode_num",
    "_n_calls",
    "exploration_rate",
)
_REPLAY = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")
_EPISODE = ("r", "l")


def capture(model: Any, env: ProgramVecEnv) -> tuple[Tensors, dict[str, Any]]:
    """Return the state of a learner before a rollout, and of its environments.

    Returns:
        Arrays by name, and a JSON object.
    """
    tensors = {
        **learner_arrays(model.policy, model.policy.optimizer),
        **_prefixed("env", env.snapshot()),
        **_prefixed("memory", _memory(model)),
        **_prefixed("replay", _replay(model)),
        **_prefixed("episodes", _episodes(model)),
        "starts": np.asarray(model._last_episode_starts, dtype=bool),
        "torch": torch.random.get_rng_state().numpy(),
    }
    numpy: Any = np.random.get_state()  # noqa: NPY002
    words, rest = numpy[1], numpy[2:]
    tensors["numpy"] = words
    counters = {name: getattr(model, name) for name in _COUNTERS if hasattr(model, name)}
    generator = model.action_space.np_random.bit_generator.state
    return tensors, {"counters": counters, "numpy": rest, "actions": generator}


def restore(model: Any, env: ProgramVecEnv, tensors: Tensors, found: dict[str, Any]) -> None:
    """Restore what ``capture`` returned, in a new learner and environments of the same settings."""
    restore_learner(model.policy, model.policy.optimizer, tensors)
    for name in filter(found["counters"].__contains__, _COUNTERS):
        setattr(model, name, found["counters"][name])
    model._last_obs = env.restore(part("env", tensors))
    model._last_episode_starts = tensors["starts"].copy()
    _restore_memory(model, part("memory", tensors))
    _restore_replay(model, part("replay", tensors))
    _restore_episodes(model, part("episodes", tensors))
    model.action_space.np_random.bit_generator.state = found["actions"]
    torch.random.set_rng_state(torch.from_numpy(tensors["torch"].copy()))
    np.random.set_state(("MT19937", tensors["numpy"], *found["numpy"]))  # noqa: NPY002


def learner_arrays(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    """Return a network's weights as "policy.…" and its optimiser's state as "optimizer.…"."""
    return {
        **_prefixed("policy", _arrays(network.state_dict())),
        **_prefixed("optimizer", _optimizer_arrays(optimizer)),
    }


def restore_learner(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, tensors: Tensors
) -> None:
    """Restore what ``learner_arrays`` returned, in place; other arrays are ignored."""
    network.load_state_dict(_torch(part("policy", tensors)))
    _restore_optimizer(optimizer, part("optimizer", tensors))


def _prefixed(prefix: str, arrays: Tensors) -> Tensors:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def part(prefix: str, arrays: Tensors) -> Tensors:
    """Return the arrays named "prefix.…", by what follows."""
    start = f"{prefix}."
    return {k.removeprefix(start): array for k, array in arrays.items() if k.startswith(start)}


def _arrays(tensors: dict[str, torch.Tensor]) -> Tensors:
    return {name: tensor.detach().numpy().copy() for name, tensor in tensors.items()}


def _torch(arrays: Tensors) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(array) for name, array in arrays.items()}


def _optimizer_arrays(optimizer: torch.optim.Optimizer) -> Tensors:
    """Return the optimiser's state of parameter i as "i.name"."""
    state = optimizer.state_dict()["state"]
    flat = {f"{i}.{name}": value for i, slot in state.items() for name, value in slot.items()}
    return _arrays({name: torch.as_tensor(value) for name, value in flat.items()})


def _restore_optimizer(optimizer: torch.optim.Optimizer, arrays: Tensors) -> None:
    """Undo ``_optimizer_arrays``; ValueError where they are not of the optimiser's parameters."""
    places, names = ({key.split(".", 1)[end] for key in arrays} for end in (0, 1))
    state = {int(i): {n: torch.tensor(arrays[f"{i}.{n}"]) for n in names} for i in places}
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    for i, slot in state.items():
        for name, value in slot.items():
            if value.dtype != torch.float32 or value.shape not in ((), parameters[i].shape):
                raise ValueError(f"{name} is not of parameter {i}")
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _memory(model: Any) -> Tensors:
    """Return the LSTM states of RecurrentPPO; nothing for other algorithms."""
    states = getattr(model, "_last_lstm_states", None)
    if states is None:
        return {}
    return {
        f"{who}.{i}": part.numpy().copy()
        for who, pair in zip(("pi", "vf"), states, strict=True)
        for i, part in enumerate(pair)
    }


def _restore_memory(model: Any, arrays: Tensors) -> None:
    if arrays:
        parts = _torch(arrays)
        pairs = [(parts[f"{who}.0"], parts[f"{who}.1"]) for who in ("pi", "vf")]
        model._last_lstm_states = type(model._last_lstm_states)(*pairs)


def _replay(model: Any) -> Tensors:
    """Return the filled part of DQN's replay buffer; nothing for other algorithms."""
    buffer = getattr(model, "replay_buffer", None)
    if buffer is None:
        return {}
    size = buffer.size()
    arrays = {
        f"{name}.{key}": array[:size].copy()
        for name in _REPLAY
        for key, array in _by_key(getattr(buffer, name)).items()
    }
    return {**arrays, "position": np.array([buffer.pos, int(buffer.full)])}


def _restore_replay(model: Any, arrays: Tensors) -> None:
    if not arrays:
        return
    buffer = model.replay_buffer
    for name in _REPLAY:
        for key, array in _by_key(getattr(buffer, name)).items():
            kept = arrays[f"{name}.{key}"]
            array[: len(kept)] = kept
    buffer.pos, buffer.full = int(arrays["position"][0]), bool(arrays["position"][1])


def _by_key(arrays: Any) -> Tensors:
    return arrays if isinstance(arrays, dict) else {"": arrays}


def _episodes(model: Any) -> Tensors:
    """Return the returns, lengths and successes of the last episodes."""
    infos = model.ep_info_buffer
    sums = {key: np.array([info[key] for info in infos], dtype=np.float64) for key in _EPISODE}
    return sums | {"success": np.array(model.ep_success_buffer, dtype=bool)}


def _restore_episodes(model: Any, arrays: Tensors) -> None:
    rows = zip(*(arrays[key].tolist() for key in _EPISODE), strict=True)
    infos = [dict(zip(_EPISODE, row, strict=True)) for row in rows]
    model.ep_info_buffer = deque(infos, maxlen=model._stats_window_size)
    model.ep_success_buffer = deque(arrays["success"].tolist(), maxlen=model._stats_window_size)
