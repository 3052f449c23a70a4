"""Peaks, boxes and outlines of the runtime, which the engine uses as well."""

import numpy as np
import pytest

from modeling.engine.bundle.runtime.outlines import half_lines, outline_of_mask, simplified
from modeling.engine.bundle.runtime.shapes import found_boxes, peaks


def test_only_the_top_of_a_hill_is_a_peak():
    heat = np.zeros((2, 4, 5), np.float32)
    heat[0, 1, 1], heat[0, 1, 2], heat[1, 3, 4] = 0.9, 0.8, 0.5
    scores, classes, cells = peaks(heat, 2)
    assert scores.tolist() == pytest.approx([0.9, 0.5])
    assert classes.tolist() == [0, 1]
    assert cells.tolist() == [1 * 5 + 1, 3 * 5 + 4]
    assert peaks(heat, 2, least=0.6)[1].tolist() == [0]


def test_boxes_reach_from_the_middles_of_cells_and_end_at_the_picture():
    heat, distances = np.zeros((1, 4, 4), np.float32), np.full((4, 4, 4), 6, np.float32)
    heat[0, 0, 0], heat[0, 3, 3] = 0.5, 0.75
    found = found_boxes(heat, distances, (30, 31))
    assert found.boxes.tolist() == [[22, 22, 31, 30], [0, 0, 10, 10]]
    assert found.scores.tolist() == [0.75, 0.5]
    assert found_boxes(np.zeros((1, 4, 4), np.float32), distances, (30, 31)).boxes.shape == (0, 4)


def test_a_line_runs_half_way_between_full_and_empty_cells():
    grid = np.zeros((4, 4))
    grid[1, 1:3] = 1
    (line,) = half_lines(grid)
    assert sorted(map(tuple, line.tolist())) == [(0.5, 1), (1, 0.5), (1, 1.5), (2, 0.5), (2, 1.5), (2.5, 1)]


def test_every_way_in_which_four_cells_can_meet_gives_closed_lines():
    for number in range(2**9):
        grid = np.zeros((5, 5))
        grid[1:4, 1:4] = [[number >> (3 * row + column) & 1 for column in range(3)] for row in range(3)]
        steps = [np.abs(line - np.roll(line, 1, axis=0)).max() for line in half_lines(grid)]
        assert max(steps, default=0) <= 1
        assert (grid.sum() > 0) == bool(steps)


def test_the_outline_is_that_of_the_largest_part():
    chances = np.zeros((28, 28))
    chances[2:5, 2:5], chances[10:20, 8:24] = 1, 1
    outline = np.array(outline_of_mask(chances, np.array([0, 0, 280.0, 280.0])))
    cell = 280 * 1.2 / 28
    assert outline.min(axis=0) == pytest.approx([8 * cell - 28, 10 * cell - 28])
    assert outline.max(axis=0) == pytest.approx([24 * cell - 28, 20 * cell - 28])


def test_points_on_a_straight_line_are_left_out():
    points = np.array([[0, 0], [1, 0.2], [2, 0], [2, 2], [1, 2], [0, 2.0]])
    assert sorted(map(tuple, simplified(points, 0.5).tolist())) == [(0, 0), (0, 2), (2, 0), (2, 2)]
