"""The processes that torch's launcher starts for one training, one a GPU, and what they tell each other.

    torchrun --nproc-per-node 2 -m modeling.engine train ...

Each takes its share of every batch; gradients are summed, weighted by rows, so that the step is that of one process.
Gradients go through one buffer with what else must be agreed on at a step, so that nobody waits for a process that has
gone another way. Sentences between processes are JSON, never pickles.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from modeling.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Told = TypeVar("_Told")
# The first process validates alone, which may take long; torch's own ten minutes would end a training that is well.
LONGEST_WAIT = timedelta(days=1)


class OthersDone(Exception):
    """What a process other than the first ends with once the weights are trained."""


@dataclass(frozen=True)
class Team:
    """How many processes train together, and which one this is, from 0; alone it is one of one."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process is the one that validates, writes and talks."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """Return the rows of a batch that this process takes; neighbours stay together, some process may have none."""
        return rows if self.size == 1 else rows.tensor_split(self.size)[self.rank]

    def from_first(self, tell: Callable[[], _Told]) -> _Told:
        """Return what the first process says, which alone is asked; it must be JSON."""
        if self.size == 1:
            return tell()
        content = json.dumps(tell()).encode() if self.first else b""
        count = torch.tensor([len(content)])
        dist.broadcast(count, 0)
        letters = torch.zeros(int(count), dtype=torch.uint8)
        if self.first:
            letters = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        dist.broadcast(letters, 0)
        told: _Told = json.loads(bytes(letters.tolist()))
        return told

    def same(self, module: nn.Module) -> None:
        """Give every process the weights and buffers of the first."""
        if self.size > 1:
            for value in module.state_dict().values():
                dist.broadcast(value, 0)

    def reseed(self, seed: int, step: int) -> None:
        """Let dropout draw by seed, step and process alone, so that a resumed training draws what an unbroken one
        does, and processes draw apart. One process alone goes on with the generator as it is."""
        if self.size > 1:
            torch.manual_seed((seed * 1_000_003 + step) * self.size + self.rank)


class GradientSum:
    """Sums the gradients of all processes in one buffer, with the loss and whether some process ran out of memory."""

    def __init__(self, team: Team, module: nn.Module) -> None:
        self.team = team
        self.parameters = [value for value in module.parameters() if value.requires_grad]
        count = sum(value.numel() for value in self.parameters) if team.size > 1 else 0
        # Behind the gradients: for each parameter how many processes have one, then the loss, then who failed.
        self.flat = torch.zeros(count + len(self.parameters) + 2, device=self.parameters[0].device) if count else None
        self.count = count

    def exchange(self, loss: float, *, full: bool) -> tuple[float, bool]:
        """Leave in each parameter the sum over the processes, and return the sum of losses and whether any is full.

        Args:
            loss: Of this process's rows, weighted.
            full: Whether this process ran out of memory: its gradients then count for nothing.
        """
        if self.flat is None:
            return loss, full
        flat, count, place = self.flat.zero_(), self.count, 0
        for number, value in enumerate(self.parameters):
            if value.grad is not None and not full:
                flat[place : place + value.numel()].copy_(value.grad.reshape(-1))
                flat[count + number] = 1.0
            place += value.numel()
        flat[-2], flat[-1] = (0.0 if full else loss), float(full)
        dist.all_reduce(flat)
        has = flat[count:].tolist()
        place = 0
        for number, value in enumerate(self.parameters):
            summed = flat[place : place + value.numel()].view_as(value)
            # What no process has a gradient for is left alone, as it would be by one.
            value.grad = summed.to(value.dtype).clone() if has[number] else None
            place += value.numel()
        return float(has[-2]), bool(has[-1])


def team() -> Team:
    """Return the processes that joined (`joined`); alone when none did."""
    if dist.is_available() and dist.is_initialized():
        return Team(dist.get_rank(), dist.get_world_size())
    return Team()


def launched() -> int:
    """Return how many processes torch's launcher started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


@contextmanager
def joined(device: str) -> Iterator[Team]:
    """Join the processes that torch's launcher started, each with a GPU of its own where it trains on GPUs.

    Args:
        device: Of the training: `auto`, `cpu` or `cuda`.

    Raises:
        EngineError: `bad_launch`, for more processes than GPUs, or processes of several machines.
    """
    if launched() == 1:
        yield Team()
        return
    own = int(os.environ.get("LOCAL_WORLD_SIZE", launched()))
    if own != launched():
        raise EngineError("Processes of several machines were started; start those of one.", code="bad_launch")
    cuda = device != "cpu" and torch.cuda.is_available()
    if cuda and own > torch.cuda.device_count():
        raise EngineError(
            f"{own} processes were started, and this machine has {torch.cuda.device_count()} GPUs: take "
            f"--nproc-per-node {torch.cuda.device_count()}, or train on the processor with --set device=cpu.",
            code="bad_launch",
        )
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=LONGEST_WAIT)
    try:
        yield team()
    finally:
        dist.destroy_process_group()
