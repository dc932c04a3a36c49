"""What the models' people need: surnames with titles, labels, and what is no name."""

import re
from collections.abc import Iterator, Sequence

from audit.redact._types import Span

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹"
    "薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤赖文施洪季岳柳葛温"
)
_TITLED = re.compile(
    rf"(?:(?<![\u4e00-\u9fff])|(?<=[请找问叫和与跟给的是让见位名]))[{_SURNAMES}]"
    r"(?=先生|女士|小姐|太太|老师|医生|大夫|律师|教授|经理|总监|主任(?!务)|局长|处长|科长|师傅|阿姨|叔叔|同学|总(?=[，。、；：！？\s的说在]|$))"
)
_LABELLED = re.compile(
    rf"(?:(?:姓名|联系人|收件人|寄件人|收货人|持卡人|户名|开户人|登记人|办理人)[是为]?[:： ]{{0,2}}"
    rf"|(?:申请人|法定代表人|负责人|患者|车主|旅客|乘客|客户|经办人|投保人|被保险人)(?:是|为|[:：] ?))"
    rf"([{_SURNAMES}欧司上诸][\u4e00-\u9fff·]{{1,3}}?)(?=[，,。；;、\s（(]|的|因|在|电话|手机|身份|先生|女士|$|[0-9])"
)
_NAME_BEFORE_NUMBER = re.compile(
    rf"(?:^|[，,。；;、\s])([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=1[3-9][0-9]{{9}})"
)


def chinese_people(text: str, words: Sequence[tuple[int, int, str]]) -> Iterator[Span]:
    """Give the people among tagged words, and those a title or a label tells."""
    for start, end, tag in words:
        if tag in ("PER", "nr") and (end - start >= 2 or _TITLED.match(text, start)):
            yield Span(start, end, "PERSON", 0.85)
    for match in _TITLED.finditer(text):
        yield Span(*match.span(), "PERSON", 0.7)
    for pattern in (_LABELLED, _NAME_BEFORE_NUMBER):
        for match in pattern.finditer(text):
            yield Span(*match.span(1), "PERSON", 0.75)
