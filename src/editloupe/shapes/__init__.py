"""A small world of shapes on a grid, in which the right answer of every edit is known.

It feeds the benchmark `shapes`, the editor `procedural`, and the training of the embedded judge. Pictures are drawn
from scenes, so for any resulting scene `truth` says how good the edit is, without a judge.
"""
