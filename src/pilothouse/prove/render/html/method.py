"""How each figure of the page was made, so that a statistician can check it."""

from __future__ import annotations

from pilothouse.prove.report.proof import Report


def method(report: Report) -> list[str]:
    """One sentence for each kind of figure that is on the page."""
    accuracy = sorted({c.accuracy.how for c in report.candidates if c.accuracy is not None})
    failure = sorted({c.failures.rate.how for c in report.candidates})
    found = [
        "Every candidate got the same cases through the same call path as production traffic. A failed "
        "attempt counts as failed and as not right; an answer that could not be graded counts nowhere.",
        *(f"Accuracy, 95 % interval: {how}." for how in accuracy),
        *(f"Failure rate, 95 % interval: {how}." for how in failure),
        "Verdict: met only when the whole interval is on the right side of the threshold, not met only when "
        "the whole interval is on the wrong side, not yet proven in between.",
    ]
    if report.comparisons:
        how = sorted({c.how for c in report.comparisons})
        found += [f"Difference of two candidates, case by case: {words}." for words in how]
        if any(c.mcnemar_p is not None for c in report.comparisons):
            found.append(
                "McNemar's exact test: the two-sided binomial p of the cases that only one had right."
            )
        found.append("Pairs are corrected for their number by Holm's method (family-wise, 5 %).")
    if any(c.costs.interval for c in report.candidates):
        found.append("Cost per request: mean of the priced answers, Student's t around it.")
    if any(c.latency.recorded for c in report.candidates):
        found.append(
            "Times: order-statistic intervals, which assume nothing of the distribution; where too few "
            "answers came, a quantile has no finite bound. Failed attempts have no time."
        )
    if report.tags.effects:
        found.append(
            "Tags: a candidate less the mean of the others on the cases of the tag, paired; named are those "
            "that stand after Benjamini–Hochberg at 5 %."
        )
    if any(c.spots for c in report.candidates):
        found.append(
            "Strong and weak tags: a candidate's cases with the tag against its own without it, Newcombe's "
            "interval, Benjamini–Hochberg at 5 %."
        )
    if any(s.judged for c in report.candidates for s in c.scorers):
        found.append(
            "Judges: the pass rate after Rogan and Gladen with the errors of sensitivity and specificity "
            "in its interval (Lang and Reiczigel)."
        )
    if any(c.variance for c in report.candidates):
        found.append("Run to run: the variance of one case's repeats, averaged over cases.")
    if any(s.passes for c in report.candidates for s in c.scorers):
        found.append(
            "pass@k and pass^k: the unbiased estimates of each case (Chen et al. 2021; Yao et al. 2024), averaged "
            "over the cases with at least k answers; the interval is over cases, Student's t, or Clopper and "
            "Pearson's where either kind is rare. k = 1 is the scorer's mean."
        )
    return found
