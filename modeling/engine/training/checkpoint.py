"""Training state on disk: whole folders that appear by one rename, safetensors and JSON only."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

if TYPE_CHECKING:
    from pathlib import Path

State = dict[str, Tensor]


@dataclass
class TrainingState:
    """Everything beside the weights that the next step depends on.

    `epoch` counts finished epochs, `step` all steps, `step_in_epoch` those of the epoch under way, whose losses add up
    to `loss_sum`; `part_size` is how many rows fit into memory at once.
    """

    epoch: int = 0
    step: int = 0
    step_in_epoch: int = 0
    loss_sum: float = 0.0
    part_size: int = 1
    best_score: float = -1.0
    best_epoch: int = 0
    standstill: int = 0
    rate_factor: float = 1.0
    seconds: float = 0.0
    out_of_time: bool = False
    history: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> State:
    """Return an optimizer's state as named tensors, `<parameter number>.<name>`."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": torch.as_tensor(value) for number, values in state.items() for name, value in values.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: State) -> None:
    """Put named tensors back; groups and their rates stay as the optimizer was built, the schedule sets them each
    step."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def random_states(device: torch.device) -> State:
    """Return the states of the generators that dropout draws from."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_random_states(states: State, device: torch.device) -> None:
    """Set the generators to stored states."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


class CheckpointFolder:
    """Keeps the newest state of one training; a checkpoint of another training in the same folder is ignored."""

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder, self.identity = folder, identity
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, state: TrainingState, module: nn.Module, optimizer: torch.optim.Optimizer, best: State) -> None:
        """Write one state; it counts only once its folder carries its final name."""
        name = f"step-{state.step:09d}"
        scratch, final = self.folder / f"{name}.{os.getpid()}.tmp", self.folder / name
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        device = next(module.parameters()).device
        for part, tensors in (
            ("model", trained_state(module)),
            ("optimizer", optimizer_tensors(optimizer)),
            ("best", best),
            ("random", random_states(device)),
        ):
            # As bytes first: the library's own writer hides the number of the error that a full disk gives.
            content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
            (scratch / f"{part}.safetensors").write_bytes(content)
        facts = {"identity": self.identity, **state.__dict__}
        with (scratch / "state.json").open("w", encoding="utf-8") as stream:
            json.dump(facts, stream)
            stream.flush()
            os.fsync(stream.fileno())
        shutil.rmtree(final, ignore_errors=True)
        scratch.rename(final)
        for old in self.folder.glob("step-*"):
            if old.name != name:
                shutil.rmtree(old, ignore_errors=True)

    def latest(self) -> Path | None:
        """Return the newest whole checkpoint of this training, or None."""
        for candidate in sorted(self.folder.glob("step-?????????"), reverse=True):
            facts = candidate / "state.json"
            if facts.exists() and json.loads(facts.read_text(encoding="utf-8"))["identity"] == self.identity:
                return candidate
        return None

    def restore(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[TrainingState, State] | None:
        """Load the newest checkpoint into module, optimizer and generators; return its state and best weights, or
        None."""
        found = self.latest()
        if found is None:
            return None
        device = next(module.parameters()).device
        module.load_state_dict(load_file(found / "model.safetensors"), strict=False)
        restore_optimizer(optimizer, load_file(found / "optimizer.safetensors"))
        restore_random_states(load_file(found / "random.safetensors"), device)
        facts = json.loads((found / "state.json").read_text(encoding="utf-8"))
        facts.pop("identity")
        return TrainingState(**facts), load_file(found / "best.safetensors")


def trained_state(module: nn.Module) -> State:
    """Return copies of what training changes: parameters that learn, and the buffers of modules that have such."""
    state = {name: value.detach().clone() for name, value in module.named_parameters() if value.requires_grad}
    for name, part in module.named_modules():
        if any(value.requires_grad for value in part.parameters(recurse=False)):
            prefix = f"{name}." if name else ""
            state |= {prefix + key: value.detach().clone() for key, value in part.named_buffers(recurse=False)}
    return state
