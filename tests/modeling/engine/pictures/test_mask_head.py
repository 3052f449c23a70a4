"""Masks within boxes: what is learned, and the outline that comes back."""

import numpy as np
import pytest
import torch

from modeling.engine.bundle.runtime.outlines import MOST_ERROR, outline_of_mask, widened
from modeling.engine.pictures.mask_head import SIDE, cut_out, mask_loss, mask_target, sampling_grid


def circle(middle: float, radius: float, corners: int = 64) -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return (middle + radius * np.column_stack([np.cos(turns), np.sin(turns)])).astype(np.float32)


def test_boxes_are_widened_by_a_tenth():
    assert widened(np.array([[0, 0, 10, 20.0]])).tolist() == [[-1, -2, 11, 22]]


def test_a_mask_has_the_area_of_its_outline():
    mask = mask_target(circle(50, 30), np.array([20, 20, 80, 80.0]))
    cell = 72 / SIDE
    assert mask.sum() * cell**2 == pytest.approx(np.pi * 30**2, rel=0.03)
    assert mask[SIDE // 2, SIDE // 2] == 1
    assert mask[0, 0] == 0


def test_the_outline_of_a_mask_lies_within_the_stated_error():
    box = np.array([20, 20, 80, 80.0])
    outline = np.array(outline_of_mask(mask_target(circle(50, 30), box), box))
    distance = np.abs(np.hypot(*(outline - 50).T) - 30)
    assert distance.max() < MOST_ERROR + 72 / SIDE / 2
    assert 8 <= len(outline) <= 40


def test_an_empty_mask_gives_its_box():
    assert outline_of_mask(np.zeros((SIDE, SIDE)), np.array([1, 2, 5, 9.0])) == [(1, 2), (5, 2), (5, 9), (1, 9)]


def test_cells_of_a_mask_see_the_map_below_them():
    maps = torch.zeros(1, 1, 8, 8)
    maps[0, 0, 2, 6] = 1
    box = torch.tensor([[48.0, 16, 56, 24]])
    cut = cut_out(maps, [sampling_grid(box, (64, 64))])
    assert cut.shape == (1, 1, SIDE, SIDE)
    assert float(cut[0, 0, SIDE // 2, SIDE // 2]) == pytest.approx(1.0, abs=0.1)
    assert cut_out(maps, [sampling_grid(torch.zeros(0, 4), (64, 64))]).shape == (0, 1, SIDE, SIDE)


def test_a_right_mask_costs_next_to_nothing():
    wanted = torch.from_numpy(mask_target(circle(50, 30), np.array([20, 20, 80, 80.0])))[None]
    logits = torch.where(wanted > 0.5, 9.0, -9.0)
    assert float(mask_loss(logits, wanted)) < 0.35
    assert float(mask_loss(-logits, wanted)) > 5
    assert float(mask_loss(torch.zeros(0, SIDE, SIDE), torch.zeros(0, SIDE, SIDE))) == 0
