"""Which spans out-of-fold models doubt, and which stretches they miss.

A mark is judged by a model that did not learn from its text. The model knows the project's labels and that a stretch is
nothing, which it learns from stretches that nobody marked; it is asked twice, as `curation.engine.suspicion` does: the
second time without the marks that the first round found impossible, and with stretches that it nearly took for marks.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.suspicion import FOLDS, TIMES_LIKELIER
from modeling.engine.marks.features import Features, Scorer
from modeling.engine.marks.words import Stretches, stretches_at, stretches_in

Places = NDArray[np.int64]
# Weights of features of length about 1; see bench/mark_errors.py.
STRENGTH = 4.0
MOST_ITERATIONS = 100
TOLERANCE = 1e-3
# Stretches that nobody marked, for each mark; in the second round up to as many that the model nearly took for marks.
UNMARKED = 3
HARD = 2
# A stretch is nearly a mark between these probabilities; above, somebody may have overlooked it.
NEARLY, SURELY = 0.2, 0.9
# Longer stretches than this are no candidates, whatever people marked.
LONGEST = 12
SHARE_OF_LENGTHS = 0.98
# Below this a stretch is no candidate for something overlooked.
LEAST = 0.05
# The borders of a mark are doubted when a stretch a word longer or shorter has at least this chance of its label.
MOVED = 0.5
# Words whose stretches are scored at once.
WORDS_AT_ONCE = 40_000
# Steps of `without_prior`, which moves little after ten.
PRIOR_STEPS = 30
KINDS = ("label", "spurious", "overlooked", "edge")
Check = Callable[[int, int], None]


@dataclass(frozen=True)
class Marks:
    """Spans of some texts, by any number of people.

    Attributes:
        text: Which text each is of, int64 [n].
        start: First code point, int64 [n].
        end: One after the last code point, int64 [n].
        label: Names.
    """

    text: Places
    start: Places
    end: Places
    label: Sequence[str]

    def __len__(self) -> int:
        return len(self.label)


@dataclass(frozen=True, slots=True)
class SpanDoubt:
    """A mark that is doubted, or a stretch that should be marked.

    Attributes:
        kind: A row of KINDS.
        mark: The place of the mark; -1 for one that was overlooked. One mark is doubted in one way alone.
        text: Which text.
        start: First code point as it should be.
        end: One after the last code point.
        label: As it should be; empty where nothing should be.
        score: How far what was given can be believed, 0 to 1; lower is worse.
    """

    kind: str
    mark: int
    text: int
    start: int
    end: int
    label: str
    score: float


@dataclass(frozen=True)
class SpanDoubts:
    """What the models say of all marks.

    Attributes:
        found: One row for each judged mark, and one for each stretch that may be overlooked, in no order.
        judged: How many marks were judged; those of rare labels are not.
        labels: The labels that were told apart.
        accuracy: Share of judged marks whose likeliest label is their own, 0 to 1.
    """

    found: list[SpanDoubt]
    judged: int
    labels: list[str]
    accuracy: float


def usable_span_labels(marks: Marks) -> list[str]:
    """Return the labels that are marked in enough texts for every fold to have one, sorted."""
    texts: dict[str, set[int]] = {}
    for label, text in zip(marks.label, marks.text.tolist(), strict=True):
        texts.setdefault(label, set()).add(text)
    return sorted(label for label, own in texts.items() if len(own) >= FOLDS)


def doubt_spans(features: Features, marks: Marks, *, seed: int = 0, check: Check | None = None) -> SpanDoubts:
    """Return how far each mark can be believed, and what may be overlooked.

    Args:
        features: Of the words of all texts, in random order: each of FOLDS parts of them in a row is judged by a model
            of the others.
        marks: What was marked; at least one label is of `usable_span_labels`.
        seed: Decides which unmarked stretches the models see.
        check: Called with (models trained, models in all); raises when the work is to stop.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        work = _Work(features, marks, seed)
        first = work.round(work.unmarked, np.ones(len(work.at), bool), check, 0)
        trusted = first.own * TIMES_LIKELIER > first.marks.max(axis=1)
        # A label of which nothing is left would be unknown to the second round.
        counts = np.bincount(work.code[trusted], minlength=len(work.labels))
        trusted |= (counts < FOLDS)[work.code]
        unmarked = work.harder(first)
        last = work.round(unmarked, trusted, check, FOLDS)
        share = len(unmarked) / (len(unmarked) + int(trusted.sum()))
        return work.told(replace(last, marks=without_prior(last.marks, share)))


@dataclass(frozen=True)
class _Round:
    """What the models of one round say.

    Attributes:
        marks: Probability of each label, and of nothing last, for each mark, float64 [n, labels + 1].
        own: That of the given label.
        scorers: By fold.
    """

    marks: NDArray[np.float64]
    own: NDArray[np.float64]
    scorers: list[Scorer]


class _Work:
    """The marks with their stretches and folds, and the models on the way."""

    def __init__(self, features: Features, marks: Marks, seed: int) -> None:
        self.features, self.words = features, features.words
        self.random = np.random.default_rng(seed)
        texts = len(self.words.first) - 1
        self.cuts = np.linspace(0, texts, FOLDS + 1).round().astype(np.int64)
        self.labels = usable_span_labels(marks)
        code = {label: number for number, label in enumerate(self.labels)}
        found = stretches_at(self.words, marks.text, marks.start, marks.end)
        known = np.array([label in code for label in marks.label], bool)
        self.rows = np.flatnonzero(known & (found.stop > found.start))
        self.at, self.marks = found.at(self.rows), marks
        self.code = np.array([code[marks.label[row]] for row in self.rows.tolist()], np.int64)
        self.fold = self._fold_of(marks.text[self.rows])
        # Marks of rare labels are nothing to learn from, and nothing that was overlooked.
        self.covered = self._cover(found)
        lengths = np.minimum(self.at.stop - self.at.start, LONGEST)
        self.longest = int(np.quantile(lengths, SHARE_OF_LENGTHS, method="higher")) if len(lengths) else 1
        self.taken = self._keys(found)
        self.unmarked = self._draw(UNMARKED * len(self.at))
        self.seen = features.rows(self.at)
        self.models: list[Any] = [None] * FOLDS

    def _fold_of(self, texts: Places) -> Places:
        return np.searchsorted(self.cuts, texts, "right") - 1

    def _cover(self, at: Stretches) -> Places:
        """Return how many words before each word are part of a mark, int64 [words + 1]."""
        steps = np.zeros(len(self.words) + 1, np.int64)
        np.add.at(steps, at.start, 1)
        np.add.at(steps, at.stop, -1)
        return np.concatenate([[0], np.cumsum(np.cumsum(steps)[:-1] > 0)])

    def _keys(self, at: Stretches) -> Places:
        return np.unique(at.start * (len(self.words) + 1) + at.stop)

    def _is_marked(self, at: Stretches) -> NDArray[np.bool_]:
        return np.isin(self._keys_of(at), self.taken)

    def _keys_of(self, at: Stretches) -> Places:
        return at.start * (len(self.words) + 1) + at.stop

    def _draw(self, wanted: int) -> Stretches:
        """Return random stretches that nobody marked just so, with the lengths that marks have."""
        words, lengths = self.words, np.minimum(self.at.stop - self.at.start, self.longest)
        keys = np.empty(0, np.int64)
        for _try in range(20):
            if len(keys) >= wanted or not len(words):
                break
            start = self.random.integers(0, len(words), 2 * wanted)
            length = self.random.choice(lengths, len(start))
            # One in five is of any length: what is too long or too short is nothing too.
            other = self.random.random(len(start)) < 0.2
            length[other] = self.random.integers(1, self.longest + 1, int(other.sum()))
            last = np.minimum(start + length - 1, len(words) - 1)
            fits = (words.text[start] == words.text[last]) & words.is_name[start] & words.is_name[last]
            drawn = Stretches(start[fits], last[fits] + 1)
            drawn = drawn.at(~self._is_marked(drawn))
            new = self._keys_of(drawn)
            keys = np.concatenate([keys, new[~np.isin(new, keys)]])
            keys = keys[np.sort(np.unique(keys, return_index=True)[1])]
        keys = keys[:wanted]
        wide = len(words) + 1
        return Stretches(keys // wide, keys % wide)

    def round(self, unmarked: Stretches, trusted: NDArray[np.bool_], check: Check | None, done: int) -> _Round:
        """Train a model for each fold on the others and ask it about the fold's marks."""
        import scipy.sparse as sp

        nothing = len(self.labels)
        chances = np.zeros((len(self.at), nothing + 1))
        beside, fold = self.features.rows(unmarked), self._fold_of(self.words.text[unmarked.start])
        width = beside.shape[1]
        # Most hashed features never occur; without them a small search takes a fifth of the time.
        columns = np.unique(np.concatenate([self.seen.indices, beside.indices]))
        marked, beside = self.seen[:, columns], beside[:, columns]
        scorers = []
        for number in range(FOLDS):
            if check is not None:
                check(done + number, 2 * FOLDS)
            taught, others = trusted & (self.fold != number), fold != number
            seen = sp.vstack([marked[taught], beside[others]], format="csr")
            said = np.concatenate([self.code[taught], np.full(int(others.sum()), nothing)])
            weights, bias = self._fitted(number, seen, said, columns, width)
            scorer = self.features.scorer(weights, bias)
            held = self.fold == number
            chances[held] = scorer.chances(self.at.at(held))
            scorers.append(scorer)
        return _Round(chances, chances[np.arange(len(self.code)), self.code], scorers)

    def _fitted(
        self, number: int, seen: Any, said: Places, columns: Places, width: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return weights and bias for every label and nothing; an unknown label is never likely.

        A second round starts from the weights of the first, which are near its own.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        model, before = LogisticRegression(C=STRENGTH, max_iter=MOST_ITERATIONS, tol=TOLERANCE), self.models[number]
        if before is not None and np.array_equal(before[0].classes_, np.unique(said)):
            model = before[0].set_params(warm_start=True)
            model.coef_ = before[1][:, columns]
        with warnings.catch_warnings():
            # Some dozens of steps order the marks as well as a thousand do.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(seen, said)
        found = np.zeros((len(model.coef_), width), np.float32)
        found[:, columns] = model.coef_
        self.models[number] = model, found
        weights = np.zeros((len(self.labels) + 1, width), np.float32)
        bias = np.full(len(self.labels) + 1, -50.0)
        if len(model.classes_) == 2:
            # Of two classes scikit-learn keeps the difference alone.
            weights[model.classes_] = np.concatenate([-found / 2, found / 2])
            bias[model.classes_] = np.array([-model.intercept_[0] / 2, model.intercept_[0] / 2])
        else:
            weights[model.classes_], bias[model.classes_] = found, model.intercept_
        return weights, bias

    def _candidates(self, scorers: list[Scorer], least: float) -> tuple[Stretches, NDArray[np.float32]]:
        """Return the stretches that a model which did not see their text takes for a mark, with their chances."""
        starts, stops, said = [], [], []
        for number, scorer in enumerate(scorers):
            text, end = int(self.cuts[number]), int(self.cuts[number + 1])
            while text < end:
                last = int(np.searchsorted(self.words.first, self.words.first[text] + WORDS_AT_ONCE, "right")) - 1
                last = min(max(last, text + 1), end)
                at = stretches_in(self.words, slice(text, last), self.longest)
                chances = scorer.chances(at)
                likely = chances[:, -1] <= 1 - least
                starts.append(at.start[likely])
                stops.append(at.stop[likely])
                said.append(chances[likely])
                text = last
        return Stretches(np.concatenate(starts), np.concatenate(stops)), np.concatenate(said)

    def harder(self, first: _Round) -> Stretches:
        """Return what the second round learns to be nothing: without what may be overlooked, with what was close."""
        at, chances = self._candidates(first.scorers, NEARLY)
        close = (1 - chances[:, -1] < SURELY) & ~self._is_marked(at)
        rows = np.flatnonzero(close)
        most = HARD * len(self.at)
        if len(rows) > most:
            rows = np.sort(self.random.choice(rows, most, replace=False))
        sure = self._keys_of(at.at(1 - chances[:, -1] >= SURELY))
        easy = self._keys_of(self.unmarked)
        keys = np.unique(np.concatenate([easy[~np.isin(easy, sure)], self._keys_of(at.at(rows))]))
        wide = len(self.words) + 1
        return Stretches(keys // wide, keys % wide)

    def told(self, last: _Round) -> SpanDoubts:
        """Return what the last round says of every mark and of what nobody marked."""
        known = last.own > 0
        found = [*self._of_marks(last, known), *self._overlooked(last)]
        names = last.marks[:, :-1].argmax(axis=1) == self.code
        accuracy = float(names[known].mean()) if known.any() else 0.0
        return SpanDoubts(found, int(known.sum()), self.labels, accuracy)

    def _of_marks(self, last: _Round, known: NDArray[np.bool_]) -> list[SpanDoubt]:
        squares = np.square(last.marks)
        place = np.arange(len(squares)), self.code
        scores = squares[place] / squares.sum(axis=1)
        squares[place] = -1
        rivals = squares.argmax(axis=1)
        nothing = len(self.labels)
        other, chance = self._moved(last)
        moved = np.square(last.own) / (np.square(last.own) + np.square(chance))
        is_edge = (chance > MOVED) & (chance > last.own)
        found = []
        for row in np.flatnonzero(known).tolist():
            mark, rival = int(self.rows[row]), int(rivals[row])
            text, start, end = (int(each[mark]) for each in (self.marks.text, self.marks.start, self.marks.end))
            kind, label = ("spurious", "") if rival == nothing else ("label", self.labels[rival])
            score = float(scores[row])
            if is_edge[row]:
                kind, label, score = "edge", self.labels[self.code[row]], min(score, float(moved[row]))
                start, end = int(self.words.start[other.start[row]]), int(self.words.end[other.stop[row] - 1])
            found.append(SpanDoubt(kind, mark, text, start, end, label, score))
        return found

    def _moved(self, last: _Round) -> tuple[Stretches, NDArray[np.float64]]:
        """Return for each mark the likeliest stretch that is a word longer or shorter, with its chance of the label."""
        words, count = self.words, len(self.words)
        best, start, stop = np.zeros(len(self.at)), self.at.start.copy(), self.at.stop.copy()
        text = words.text[self.at.start]
        for first, end, added in ((-1, 0, -1), (0, 1, 0), (1, 0, None), (0, -1, None)):
            low, high = self.at.start + first, self.at.stop + end
            fits = (low >= 0) & (high <= count) & (high > low)
            begin, finish = np.clip(low, 0, count - 1), np.clip(high - 1, 0, count - 1)
            fits &= (words.text[begin] == text) & (words.text[finish] == text)
            fits &= words.is_name[begin] & words.is_name[finish]
            if added is not None:
                # A longer one takes no word of another mark.
                new = begin if added else finish
                fits &= self.covered[new + 1] == self.covered[new]
            for fold, scorer in enumerate(last.scorers):
                rows = np.flatnonzero(fits & (self.fold == fold))
                chances = scorer.chances(Stretches(low[rows], high[rows]))[np.arange(len(rows)), self.code[rows]]
                better = chances > best[rows]
                rows = rows[better]
                best[rows], start[rows], stop[rows] = chances[better], low[rows], high[rows]
        return Stretches(start, stop), best

    def _overlooked(self, last: _Round) -> list[SpanDoubt]:
        """Return the stretches that touch no mark and that a model takes for one."""
        at, chances = self._candidates(last.scorers, LEAST)
        marked = 1.0 - chances[:, -1].astype(np.float64)
        touches = self.covered[at.stop] > self.covered[at.start]
        everywhere = _apart(at, marked, len(self.words))
        if not len(everywhere):
            return []
        believed = _believed(marked[everywhere], touches[everywhere])
        free = np.flatnonzero(~touches)
        rows = free[_apart(at.at(free), marked[free], len(self.words))]
        likely = believed(marked[rows])
        wrong = np.square(1 - likely) / (np.square(1 - likely) + np.square(likely))
        words, labels = self.words, chances[rows, :-1].argmax(axis=1)
        return [
            SpanDoubt("overlooked", -1, int(words.text[start]), int(words.start[start]), int(words.end[stop - 1]),
                      self.labels[label], score)
            for start, stop, label, score in zip(
                at.start[rows].tolist(), at.stop[rows].tolist(), labels.tolist(), wrong.tolist(), strict=True
            )
        ]  # fmt: skip


def without_prior(chances: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return the chances of marks as if the model had learned from no more of what is nothing than there is in them.

    Among the stretches that a model learns from most are nothing, among marks few are. How many is found as by Saerens,
    Latinne and Decaestecker (2002), Adjusting the outputs of a classifier to new a priori probabilities.

    Args:
        chances: Of each label, and of nothing last, float64 [n, labels + 1].
        share: Of what the model learned from, how much was nothing, between 0 and 1.
    """
    now, found = share, chances
    for _step in range(PRIOR_STEPS):
        found = chances * np.append(np.full(chances.shape[1] - 1, (1 - now) / (1 - share)), now / share)
        found /= found.sum(axis=1, keepdims=True)
        now = float(found[:, -1].mean())
    return found


def _apart(at: Stretches, chances: NDArray[np.float64], words: int) -> Places:
    """Return the places of stretches that do not overlap, the likeliest of those that do; likeliest first."""
    used = np.zeros(words, bool)
    kept = []
    order = np.argsort(-chances, kind="stable")
    for row, start, stop in zip(order.tolist(), at.start[order].tolist(), at.stop[order].tolist(), strict=True):
        if not used[start:stop].any():
            used[start:stop] = True
            kept.append(row)
    return np.array(kept, np.int64)


def _believed(chances: NDArray[np.float64], marked: NDArray[np.bool_]) -> Callable[[NDArray[np.float64]], Any]:
    """Return how often people marked what a model gave a chance, by isotonic regression.

    The chances themselves are of a world in which a quarter of all stretches is marked.
    """
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(chances, marked)
    return lambda values: model.predict(values) if len(values) else np.empty(0)
