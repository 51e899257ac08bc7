"""Shapes of replies as judges really write them: what is read, what is refused, and what must never be read.

The last column holds numbers that stand in the reply and are no answer: drafts, quotes, scales, other aspects. No reply
becomes one of them, whole or cut off at any letter.
"""

import pytest

from editloupe.errors import UnreadableReply
from editloupe.records import Reply
from editloupe.rubrics.replies import form_of, read_score

J = '{"reasoning": "the cup is blue", "score": 7}'
SHAPES = {
    # shape: (reply, read as this or refused as that, in which form, never read as)
    "bare": (J, 7, "json", ()),
    "bare, pretty": ('{\n  "reasoning": "3 of 4 details",\n  "score": 7\n}\n', 7, "json", (3, 4)),
    "bare, score first": ('{"score": 7, "reasoning": "not a 9"}', 7, "json", (9,)),
    "bare, details inside": ('{"details": {"score": 2, "light": 4}, "score": 7}', 7, "json", (2, 4)),
    "bare, a scale beside it": ('{"scale": "0-10", "max_score": 10, "score": 7}', 7, "json", (0, 10)),
    "bare, lettering quoted": ('{"reasoning": "it says: Score: 10/10", "score": 7}', 7, "json", (10,)),
    "bare, an object quoted": ('{"reasoning": "it says {\\"score\\": 10}", "score": 7}', 7, "json", (10,)),
    "bare, an end of thoughts quoted": ('{"reasoning": "it says </think> 10", "score": 7}', 7, "json", (10,)),
    "bare, a decimal": ('{"score": 7.5}', 7.5, "json", ()),
    "bare, words behind it": (f"{J}\n\nTell me if you need more!", 7, "json", ()),
    "bare, the same once more": (f"{J}\nScore: 7", 7, "json", ()),
    "bare, end token in words": (f"{J}<|im_end|>", 7, "json", ()),
    "fenced": (f"```json\n{J}\n```", 7, "fence", ()),
    "fenced, no language": (f"```\n{J}\n```", 7, "fence", ()),
    "fenced, words behind it": (f"```json\n{J}\n```\nThe shadow is off.", 7, "fence", ()),
    "prefaced": (f"Here is what I found on 2 counts.\n\n{J}", 7, "prefaced-json", (2,)),
    "prefaced, a draft line": (f"First I thought:\nScore: 9\nBut no.\n\n{J}", 7, "prefaced-json", (9,)),
    "prefaced and fenced": (f"Here is my evaluation:\n```json\n{J}\n```", 7, "prefaced-fence", ()),
    "prefaced in one line": (f"My answer: {J}", "prose", None, ()),
    "thinking, closed by the model": (f"<think>\nAn 8? Score: 8\n</think>\n\n{J}", 7, "json", (8,)),
    "thinking, opened by the prompt": (f'Perhaps {{"score": 9}}.\nScore: 9\n</think>\n\n{J}', 7, "json", (9,)),
    "thinking, an empty block": (f"<think>\n\n</think>\n\n{J}", 7, "json", ()),
    "thinking, twice": ("<think>9</think>\n<think>8</think>\nScore: 7", 7, "score-line", (9, 8)),
    "thinking, other marks": (f"[THINK]Score: 9[/THINK]{J}", 7, "json", (9,)),
    "thinking, channels": (f"<|channel|>analysis<|message|>9<|end|><|channel|>final<|message|>{J}", 7, "json", (9,)),
    "thinking, never closed": ('<think>\nScore: 9\n{"score": 9}\n', "truncated", None, (9,)),
    "thinking, then nothing": ("<think>Score: 9</think>\n", "empty", None, (9,)),
    "thinking, then prose": ("<think>Score: 9</think>\nIt is fine.", "prose", None, (9,)),
    "thinking in plain words": ("Let me see. 9 or 8? Well.\nScore: 7", 7, "score-line", (9, 8)),
    "a line": ("Good.\nScore: 7", 7, "score-line", ()),
    "a line, bold and out of": ("Good, 3 of 4.\n\n**Final Score: 7/10**", 7, "score-line", (3, 4, 10)),
    "a line, a heading": ("Good.\n## Overall rating: 7", 7, "score-line", ()),
    "a line that is not the last": ("Score: 7\nThe rest is fine.", "prose", None, ()),
    "a line, another maximum": ("Good.\nScore: 4/5", "out-of-range", None, (4, 8, 5)),
    "a line, in per cent": ("Good.\nScore: 70%", "not-a-number", None, (7, 0.7)),
    "a line, an interval": ("Good.\nScore: 7-8", "interval", None, (8, 7.5)),
    "a line, below the scale": ("Bad.\nScore: -1", "out-of-range", None, (1, 0)),
    "a list of aspects": ("1. Shape: 8\n2. Light: 3\n3. Text: 9", "prose", None, (8, 3, 9, 1, 2)),
    "a list, a score each": ("Shape\nScore: 8\nLight\nScore: 3", "two-scores", None, (8, 3, 5.5)),
    "a list, then an overall line": ("- Shape: 8\n- Light: 3\n\nOverall score: 7", 7, "score-line", (8, 3)),
    "a list of objects": ('[{"score": 8}, {"score": 3}]', "two-scores", None, (8, 3)),
    "a list of numbers": ("[7]", "prose", None, ()),
    "a list under the key": ('{"score": [8, 3]}', "not-a-number", None, (8, 3)),
    "a table": ("| aspect | score |\n|---|---|\n| shape | 8 |", "prose", None, (8,)),
    "objects, two that differ": ('{"score": 7}\n{"score": 3}', "two-scores", None, (3, 5)),
    "an object and a line that differ": ('{"score": 7}\nScore: 10/10', "two-scores", None, (10,)),
    "an object of other keys": ('{"rating": 9, "reasoning": "fine"}', "prose", None, (9,)),
    "an example repeated": ('Answer like this:\n{"score": 10}\nI cannot see a picture.', "prose", None, (10,)),
    "Chinese, bare": ('{"reasoning": "杯子变蓝，3处细节", "score": 7}', 7, "json", (3,)),
    "Chinese, a line": ("修改了2处。\n评分：7", 7, "score-line", (2,)),
    "Chinese, full-width": ("清晰。\n总分：７／１０", 7, "score-line", (10,)),
    "Chinese, points out of": ("清晰。\n综合得分：7分（满分10分）", 7, "score-line", (10,)),
    "Chinese, aspects": ("指令遵循：8分\n画面质量：3分", "prose", None, (8, 3)),
    "Chinese, an interval": ("评分：7到8分", "interval", None, (8, 7.5)),
    "Chinese, quotes and colons": ("{“reasoning”：“好”，“score”：9}", "bad-json", None, (9,)),
    "a number": ("7", 7, "number", ()),
    "a number, boxed": ("$\\boxed{7}$", 7, "number", ()),
    "a number in a sentence": ("I would not give it a 9.", "prose", None, (9,)),
    "broken, single quotes": ("{'score': 9}", "bad-json", None, (9,)),
    "broken, no comma": ('{"reasoning": "fine"\n"score": 9}', "bad-json", None, (9,)),
    "broken, quotes inside": ('{"reasoning": "it says "9" now", "score": 8}', "bad-json", None, (8, 9)),
    "broken, cut off": ('{"reasoning": "9 of 10 deta', "bad-json", None, (9, 10)),
    "broken, a comment": ('{"score": 9 // of 10\n}', "bad-json", None, (9, 10)),
    "the word": ('{"score": "high"}', "not-a-number", None, (10,)),
    "the number as a word": ("Score: seven", "not-a-number", None, (7,)),
    "null": ('{"reasoning": "no picture", "score": null}', "not-a-number", None, (0,)),
    "true": ('{"score": true}', "not-a-number", None, (1,)),
    "white space": (" \n\n ", "empty", None, (0,)),
    "a refusal": ("I'm sorry, but I can't rate pictures of people under 10.", "prose", None, (10,)),
}


def read(text, finish="stop"):
    try:
        return read_score(Reply(text, finish), low=0, high=10)
    except UnreadableReply as error:
        return error.kind


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_read_or_refused_as_it_should_be(shape):
    text, said, form, never = SHAPES[shape]
    assert (read(text), form_of(Reply(text)) if form else None) == (said, form)
    assert said not in never


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_is_ever_read_as_a_number_that_is_no_answer(shape):
    text, _, _, never = SHAPES[shape]
    for end in range(len(text) + 1):
        assert read(text[:end], "length") not in never
        assert read(text[:end], "unknown") not in never
