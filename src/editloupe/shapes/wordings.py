"""How the tasks are said, in several ways each: English and Chinese."""

from __future__ import annotations

import random
from collections.abc import Mapping

from editloupe.shapes.scene import Thing

__all__ = ["WORDINGS", "instruction"]


def instruction(name: str, blanks: Mapping[str, str | Thing], language: str, rng: random.Random) -> str:
    """Say a task.

    Args:
        name: of the task; ``one/two`` puts the reference of *one* into a wording of *two*.
        blanks: vocabulary or things for the placeholders.
        language: ``en`` or ``zh``.
        rng: chooses the wording.
    """
    words = {key: _word(value, language) for key, value in blanks.items()}
    reference, _, action = name.rpartition("/")
    if reference:
        words["it"] = rng.choice(REFERENCES[language][reference]).format(**words)
    text = rng.choice(WORDINGS[language][action]).format(**words)
    return text[0].upper() + text[1:]


def _word(value: str | Thing, language: str) -> str:
    if isinstance(value, str):
        return value if language == "en" else _ZH[value]
    if language == "en":
        return f"the {'small ' * (value.size == 'small')}{value.colour} {value.kind}"
    return f"{'小的' * (value.size == 'small')}{_ZH[value.colour]}{_ZH[value.kind]}"


WORDINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "fall": ("Let go of {thing}.", "{thing} is no longer held up.", "Cut the thread on which {thing} hangs."),
        "support": ("Take away {thing}.", "Pull out {thing} from where it stands.", "{thing} is gone."),
        "slide": ("Push {thing} to the {side} as far as it goes.", "Slide {thing} {side} until something stops it."),
        "day": ("The sun is up.", "Show the same place at noon.", "A clear morning has come."),
        "night": ("Let night fall.", "Show the same place at midnight.", "The sun has set."),
        "snow": ("It has snowed all day.", "Winter has come overnight.", "Show it after heavy snow."),
        "fog": ("A thick fog rolls in.", "Show it on a misty morning.", "A cloud lies on the ground here."),
        "stop": ("Give {thing} the colour that means stop.", "Paint {thing} like the light that halts cars."),
        "luck": ("Give {thing} the colour of luck in China.", "Paint {thing} like a Chinese New Year envelope."),
        "go": ("Give {thing} the colour that lets cars go.", "Paint {thing} like the light for walking."),
        "shamrock": ("Give {thing} the colour of Saint Patrick's Day.", "Paint {thing} like an Irish shamrock."),
        "royal": ("Give {thing} the colour of Roman emperors.", "Paint {thing} in the colour of royalty."),
        "lent": ("Give {thing} the colour of Lent.", "Paint {thing} like a bishop's robe in Lent."),
        "taxi": ("Give {thing} the colour of a New York taxi.", "Paint {thing} like a cab in Manhattan."),
        "caution": ("Give {thing} the colour of the Tour's leading jersey.", "Paint {thing} like a caution light."),
        "europe": ("Give {thing} the colour of the flag of Europe.", "Paint {thing} like a UN helmet."),
        "denim": ("Give {thing} the colour of denim.", "Paint {thing} like the mantle of the Virgin Mary."),
        "pharmacy": ("Turn {thing} into the sign of a pharmacy.", "Make {thing} mark a French drugstore."),
        "red_cross": ("Turn {thing} into the sign of Geneva's helpers.", "Make {thing} the sign of an old ambulance."),
        "sheriff": ("Turn {thing} into a sheriff's golden badge.", "Make {thing} what a Western lawman wears."),
        "china_star": ("Turn {thing} into what the flag of China shows.", "Make {thing} the mark on China's flag."),
        "rose": ("Turn {thing} into the gift of Valentine's Day.", "Make {thing} what lovers give."),
        "sunflower": ("Turn {thing} into van Gogh's favourite flower.", "Make {thing} bloom as in Ukrainian fields."),
        "japan_sun": ("Turn {thing} into what the flag of Japan shows.", "Make {thing} the sun of Japan's flag."),
        "lamp_on": ("Light the lamp.", "Switch the lamp on.", "Someone turns on the lamp."),
        "lamp_off": ("Put out the lamp.", "Switch the lamp off.", "The power of the lamp fails."),
        "grow": ("Water {thing}.", "Show {thing} after a month of sun and rain.", "{thing} had a good spring."),
        "paint": (
            "Pour {colour} paint down column {column}.",
            "A pot of {colour} paint tips over above column {column}.",
        ),
        "recolour": ("Paint {it} {colour}.", "Make {it} {colour}."),
        "remove": ("Remove {it}.", "Take {it} out of the picture."),
        "resize": ("Make {it} {size}.", "Turn {it} into a {size} one."),
    },
    "zh": {
        "fall": ("松开{thing}。", "{thing}不再被托住。", "剪断吊着{thing}的线。"),
        "support": ("拿走{thing}。", "把{thing}抽出来。", "{thing}不见了。"),
        "slide": ("把{thing}向{side}推到底。", "让{thing}向{side}滑动，直到被挡住。"),
        "day": ("太阳升起来了。", "展示同一地点的正午。", "晴朗的早晨到来了。"),
        "night": ("让夜幕降临。", "展示同一地点的午夜。", "太阳已经落山。"),
        "snow": ("下了一整天的雪。", "一夜之间入冬了。", "展示大雪之后的样子。"),
        "fog": ("浓雾弥漫过来。", "展示雾蒙蒙的早晨。", "一片云落到了地面。"),
        "stop": ("把{thing}变成表示停止的颜色。", "把{thing}涂成让汽车停下的灯的颜色。"),
        "luck": ("把{thing}变成中国的吉祥色。", "把{thing}涂成压岁钱信封的颜色。"),
        "go": ("把{thing}变成表示通行的颜色。", "把{thing}涂成让行人走的灯的颜色。"),
        "shamrock": ("把{thing}变成圣帕特里克节的颜色。", "把{thing}涂成爱尔兰三叶草的颜色。"),
        "royal": ("把{thing}变成罗马皇帝的颜色。", "把{thing}涂成王室的颜色。"),
        "lent": ("把{thing}变成大斋期的颜色。", "把{thing}涂成大斋期主教长袍的颜色。"),
        "taxi": ("把{thing}变成纽约出租车的颜色。", "把{thing}涂成曼哈顿出租车的颜色。"),
        "caution": ("把{thing}变成环法领骑衫的颜色。", "把{thing}涂成警示灯的颜色。"),
        "europe": ("把{thing}变成欧洲旗帜的底色。", "把{thing}涂成联合国维和头盔的颜色。"),
        "denim": ("把{thing}变成牛仔布的颜色。", "把{thing}涂成圣母长袍的颜色。"),
        "pharmacy": ("把{thing}变成巴黎药店的标志。", "让{thing}表示欧洲卖药的地方。"),
        "red_cross": ("把{thing}变成日内瓦救护组织的标志。", "让{thing}成为百年前救护车上的标志。"),
        "sheriff": ("把{thing}变成警长的金色徽章。", "让{thing}成为西部执法者佩戴的东西。"),
        "china_star": ("把{thing}变成中国国旗上的图案。", "让{thing}成为中国国旗上的标记。"),
        "rose": ("把{thing}变成情人节的礼物。", "让{thing}成为恋人赠送的、爱情颜色的东西。"),
        "sunflower": ("把{thing}变成梵高画在花瓶里的东西。", "让{thing}成为乌克兰田野上盛开的东西。"),
        "japan_sun": ("把{thing}变成日本国旗上的图案。", "让{thing}成为日本国旗上的太阳。"),
        "lamp_on": ("点亮灯。", "打开灯。", "有人开了灯。"),
        "lamp_off": ("熄灭灯。", "关上灯。", "灯断电了。"),
        "grow": ("给{thing}浇水。", "展示{thing}经过一个月阳光雨露后的样子。", "{thing}度过了一个好春天。"),
        "paint": ("把{colour}油漆倒进{column}列。", "一桶{colour}油漆在{column}列上方打翻了。"),
        "recolour": ("把{it}涂成{colour}。", "让{it}变成{colour}。"),
        "remove": ("去掉{it}。", "把{it}从图中拿走。"),
        "resize": ("把{it}变{size}。", "让{it}变成{size}的。"),
    },
}  # fmt: skip

_ZH = {
    "red": "红色", "yellow": "黄色", "green": "绿色", "blue": "蓝色", "purple": "紫色",
    "circle": "圆形", "square": "正方形", "triangle": "三角形", "star": "星形", "cross": "十字",
    "flower": "花", "seed": "种子", "lamp": "灯", "big": "大", "small": "小",
    "left": "左", "right": "右", "left of": "左边", "right of": "右边", "above": "上边", "below": "下边",
    "topmost": "最上面", "lowest": "最下面", "leftmost": "最左边", "rightmost": "最右边",
    "a": "a", "b": "b", "c": "c", "d": "d",
}  # fmt: skip

REFERENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "beside": ("what is directly {place} the only {kind}", "the neighbour {place} the single {kind}"),
        "ordinal": ("the second {kind} from the {side}", "the {kind} that comes second from the {side}"),
        "only": ("the only {what} one", "the one thing here that is {what}"),
        "outermost": ("the {end} one", "whatever is {end}"),
    },
    "zh": {
        "beside": ("紧挨唯一的{kind}{place}的那个", "唯一的{kind}{place}相邻的那个"),
        "ordinal": ("从{side}数第二个{kind}", "{kind}中从{side}起的第二个"),
        "only": ("唯一{what}的那个", "这里仅有的一个{what}的东西"),
        "outermost": ("{end}的那个", "位于{end}的东西"),
    },
}
