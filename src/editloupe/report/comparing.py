from dataclasses import dataclass


@dataclass
class Comparisons:
    def as_json(self):
        return {"pairs": [], "rank_ranges": {}, "cliques": []}


def compare_all(results):
    return Comparisons()
