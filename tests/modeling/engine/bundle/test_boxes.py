"""Overlap, suppression and clipping of boxes."""

import numpy as np

from modeling.engine.bundle.runtime.boxes import areas, clipped, overlaps, suppress


def test_overlap_is_shared_area_over_joint_area():
    first = np.array([[0, 0, 10, 10.0]])
    second = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [0, 0, 0, 0.0]])
    assert overlaps(first, second).tolist() == [[1.0, 50 / 150, 0.0, 0.0]]


def test_the_better_of_two_that_overlap_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10.0]])
    assert suppress(boxes, np.array([0.5, 0.9, 0.1]), np.array([0, 0, 0]), 0.6).tolist() == [1, 2]


def test_boxes_of_other_labels_suppress_nothing():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10.0]])
    assert suppress(boxes, np.array([0.5, 0.9]), np.array([0, 1]), 0.6).tolist() == [1, 0]


def test_boxes_are_cut_at_the_edges():
    assert clipped(np.array([[-5, 2, 50, 9.0]]), 40, 8).tolist() == [[0, 2, 40, 8]]
    assert areas(np.array([[0, 0, 4, 5], [3, 3, 1, 1.0]])).tolist() == [20, 0]
