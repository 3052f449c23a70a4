"""Boxes as bells and back."""

import numpy as np
import pytest
import torch

from modeling.engine.pictures.centers import (
    Targets,
    boxes_of,
    edge_loss,
    giou_loss,
    heat_loss,
    middles,
    targets_of,
)


def test_a_box_is_a_bell_around_its_middle():
    heat, edges, weight = targets_of(np.array([[0, 0, 64, 32.0]]), np.array([1]), 2, (8, 10), 8)
    assert heat.shape == (2, 8, 10)
    assert heat[0].max() == 0
    assert np.argwhere(heat[1] == 1).tolist() == [[2, 4]]
    assert weight.sum() == pytest.approx(1.0)
    assert edges[:, 2, 4].tolist() == [0, 0, 64, 32]


def test_the_smaller_of_two_boxes_has_the_cells_that_both_want():
    boxes = np.array([[24, 24, 40, 40], [0, 0, 64, 64.0]])
    _heat, edges, _weight = targets_of(boxes, np.array([0, 0]), 1, (8, 8), 8)
    assert edges[:, 4, 4].tolist() == [24, 24, 40, 40]


def test_a_picture_without_boxes_has_no_edges_to_learn():
    heat, edges, weight = targets_of(np.zeros((0, 4)), np.zeros(0, int), 2, (4, 4), 8)
    targets = Targets(*(torch.from_numpy(each)[None] for each in (heat, edges, weight)))
    assert float(edge_loss(torch.ones(1, 4, 4, 4), targets, 8)) == 0
    assert float(heat_loss(torch.full((1, 2, 4, 4), -9.0), targets.heat)) < 1e-5


def test_right_logits_cost_less_than_wrong_ones():
    heat = torch.from_numpy(targets_of(np.array([[0, 0, 32, 32.0]]), np.array([0]), 1, (4, 4), 8)[0])[None]
    right = torch.where(heat == 1, 5.0, -5.0)
    assert float(heat_loss(right, heat)) < float(heat_loss(-right, heat)) / 100


def test_generalised_overlap_tells_far_from_farther():
    wanted = torch.tensor([[0, 0, 10, 10.0]] * 3)
    found = torch.tensor([[0, 0, 10, 10], [20, 0, 30, 10], [90, 0, 100, 10.0]])
    losses = giou_loss(found, wanted).tolist()
    assert losses == pytest.approx([0.0, 1 + 10 / 30, 1 + 80 / 100])


def test_distances_become_boxes_around_the_cells_middles():
    assert middles(1, 2, 8, torch.device("cpu")).tolist() == [[[4, 12]], [[4, 4]]]
    boxes = boxes_of(torch.tensor([1.0, 2, 3, 4]).reshape(1, 4, 1, 1), 8)
    assert boxes.flatten().tolist() == [3, 2, 7, 8]
