"""The curated words: pairs that can stand for each other in nearly every sentence.

The lists are our own. What was left out matters more than what is in: words that
are verb and noun, words with idioms, Chinese words that are parts of longer ones.
A class is known by its place in its list, so pairs are added at the end only.
"""

from dataclasses import dataclass

_ENGLISH = """
often|frequently
perhaps|maybe
almost|nearly
rarely|seldom
quickly|rapidly
usually|typically
mostly|mainly
entirely|completely
immediately|instantly
therefore|thus
moreover|furthermore
for example|for instance
in order to|so as to
because of|owing to
nowadays|these days
everybody|everyone
somebody|someone
anybody|anyone
towards|toward
afterwards|afterward
among|amongst
while|whilst
until|till
crucial|vital
enormous|huge
sufficient|adequate
comprehensive|thorough
modern|contemporary
additional|extra
began|started
bought|purchased
obtain|acquire
obtained|acquired
demonstrated|showed
constructed|built
choosing|selecting
utilizing|using
gathered|collected
permitted|allowed
enhance|improve
enhanced|improved
enhancing|improving
reducing|lessening
examined|inspected
achieve|attain
achieved|attained
achieving|attaining
vanished|disappeared
wandered|roamed
shouted|yelled
whispered|murmured
couch|sofa
movie|film
mistakes|errors
freedom|liberty
countries|nations
kind of|sort of
kinds of|sorts of
in spite of|despite
apart from|aside from
next to|beside
again and again|over and over
in fact|as a matter of fact
by and large|for the most part
"""

# A third and fourth member: characters that must not stand before or after either word.
_CHINESE = """
但是|可是
因此|因而
例如|比如
非常|极其||规时态事人见理任
虽然|虽说
立即|立刻
经常|时常||性项
也许|或许
而且|并且
如果|假如|诸|实汁酱园树
必须|务必||品
一直|始终|万
突然|忽然
逐渐|渐渐
仍然|依然
终于|总算
似乎|好像
特别是|尤其是
目前|当前
如今|现今
各种|种种||各
许多|很多
依靠|依赖
美丽|漂亮
高兴|开心
快速|迅速
寻找|找寻
获得|取得|所|者
提高|提升
增加|增添
方法|办法||论
原因|缘由
父亲|爸爸
母亲|妈妈||河节
夜晚|晚上
早晨|早上
美好|美妙
安静|宁静
巨大|庞大
微小|细小
相互|互相
一起|一同||来
格外|分外
即使|即便
无论|不论
因为|由于
按照|依照
根据|依据||地
沿着|顺着
朝着|向着
甚至|乃至||于
否则|不然
其实|事实上
确实|的确
果然|果真
慢慢|缓缓
仔细|细心
勇敢|英勇
聪明|聪慧
舒适|舒服
炎热|酷热
明亮|光亮
黑暗|昏暗
著名|知名
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two words that stand for each other, and what must not be beside them."""

    name: str
    words: tuple[str, str]
    not_before: str = ""
    not_after: str = ""


def _pairs(language: str, lines: str) -> tuple[Pair, ...]:
    found = []
    for number, line in enumerate(lines.split("\n")[1:-1]):
        one, other, *beside = line.split("|")
        found.append(Pair(f"{language}{number}", (one, other), *beside))
    return tuple(found)


ENGLISH = _pairs("en", _ENGLISH)
CHINESE = _pairs("zh", _CHINESE)
