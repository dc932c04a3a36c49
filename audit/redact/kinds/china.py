"""Identifiers of mainland China, Hong Kong, Macao and Taiwan."""

from audit.redact._context import Topic
from audit.redact.kinds.rule import Rule, digits
from audit.redact.validators import accounts, china

_ID = Topic.of(
    "身份证 身份号 证件 公民身份 身份號 idcard identity sfz 社保 医保 社会保障 保障号 身分證"
)
_CARD = Topic.of(
    "银行卡 卡号 信用卡 储蓄卡 借记卡 账号 账户 帐号 工行 建行 农行 中行 招行 交行 卡 bank card 卡片"
)
_CREDIT_CODE = Topic.of("信用代码 社会信用 税号 纳税人 组织代码 机关代码 uscc 代码")
_PASSPORT = Topic.of("护照 passport 护照号码 護照")
_PERMIT = Topic.of("通行证 回乡证 港澳 居住证 來往 来往 permit")
_TAIWAN_PERMIT = Topic.of("台胞证 台湾居民 台胞證 通行证")
_OFFICER = Topic.of("军官证 士兵证 义务兵证 文职 警官证 军人证 士官证 军官")
_SOCIAL = Topic.of("社保 医保 社会保障 社会保险 保险号 社保卡 医保卡 公积金")
_HK = Topic.of("香港 身份证 hkid identity 身份證 hong kong id")
_TW = Topic.of("台湾 台灣 身分證 身份证 身份證 居留證 統一編號 taiwan")
_DRIVER = Topic.of("驾驶证 驾照 行驶证 档案编号 driver licence license")


RULES = (
    Rule(
        "CN_ID", "CN", (*digits(18), "9" * 17 + "A"), _ID,
        check=lambda t: t[:17].isdigit() and t[17] in "0123456789Xx" and china.resident_id(t),
        alone=0.95, labelled=True,
        looks=lambda t: t[17] in "0123456789Xx" and china.looks_like_resident_id(t),
        source="GB 11643-1999",
    ),
    Rule("CN_ID", "CN", digits(15), _ID, check=china.resident_id_15, source="GB 11643-1989"),
    Rule("CREDIT_CARD", "CN", digits(16, 17, 18, 19), _CARD, check=accounts.card, alone=0.7, labelled=True, looks=accounts.looks_like_card, source="ISO/IEC 7812, UnionPay 62"),
    Rule("CN_CREDIT_CODE", "CN", ("*18",), _CREDIT_CODE, check=china.credit_code, alone=0.85, source="GB 32100-2015"),
    Rule("CN_PASSPORT", "CN", ("A" + "9" * 8, "AA" + "9" * 7), _PASSPORT, labelled=True, source="ICAO 9303"),
    Rule("CN_TRAVEL_PERMIT", "HK MO", ("A" + "9" * 8, "A" + "9" * 10), _PERMIT, labelled=True),
    Rule("CN_TRAVEL_PERMIT", "TW", digits(8, 10), _TAIWAN_PERMIT, labelled=True),
    Rule("CN_OFFICER_ID", "CN", digits(7, 8), _OFFICER, labelled=True),
    Rule("CN_SOCIAL_SECURITY", "CN", (*digits(9, 10, 11, 12), "A" + "9" * 8), _SOCIAL, labelled=True),
    Rule("CN_DRIVER_LICENSE", "CN", digits(12), _DRIVER, labelled=True),
    Rule("HK_ID", "HK", ("A" + "9" * 7, "AA" + "9" * 7, "A999999A", "AA999999A"), _HK, check=china.hong_kong_id, source="check digit modulo 11"),
    Rule("TW_ID", "TW", ("A" + "9" * 9,), _TW, check=china.taiwan_id, alone=0.6, source="check digit modulo 10"),
)  # fmt: skip
