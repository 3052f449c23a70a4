"""Recognizers for China: identity numbers, credit codes, cards, telephones, plates, addresses, names."""

import re
from collections.abc import Iterator

from curation.engine.pii import checks, national
from curation.engine.pii.recognizer import Recognizer

HAN = "\u4e00-\u9fff\u3400-\u4dbf"
_END = r"(?![0-9A-Za-z])(?!\.[0-9])"
_START = r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z][-/])"
_NO_NUMBER = r"(?:订单|运单|快递|流水|编号|批号|货号|型号|金额|价格|共计|合计)[^\s,，。;；]{0,4}$|[¥￥$=]\s?$"
# The families of the Hundred Family Surnames that the Ministry of Public Security's yearly report still counts, single
# and compound (public domain).
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾"
    "夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹"
    "申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳穆农"
    "司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂佟臧闵苟邬边卞姬仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池"
    "查麻苑迟邝萧傅赖阎丘蔺谌储晋竺雍胥"
)
COMPOUND = (
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|轩辕|夏侯|司徒|独孤|南宫|长孙|"
    "宇文|端木|百里|申屠|闻人|澹台|公羊|太史|呼延|司空"
)
# Who is named beside these words.
_NAMED = (
    "收件人|收货人|收款人|寄件人|发件人|收信人|联系人|联络人|委托人|受托人|代理人|委托|投诉人|报修人|经办人|经手人|担保人|借款人|推荐人|入住人|购票人|监护人|就诊人|家属|班主任|辅导员|旅客|乘机人|考生|家长|持有人|持卡人|开户人|申请人|负责人|法定代表人|法人代表|法人|当事人|被保险人|投保人|受益人|患者|病人|"
    "客户姓名|客户|户名|姓名|名字叫|名叫|我叫|我是|本人|用户姓名|会员|学生|员工|同事|租客|乘客|车主|业主|老板|司机"
)
_STOP = (
    rf"(?=[^{HAN}A-Za-z0-9]|$|的|身份证|手机|电话|护照|卡号|银行卡|账号|账户|邮箱|微信|地址|住址|住在|先生|女士|小姐|老师|同学|医生|经理|主任|"
    r"教授|律师|出生|于|在|和|与|及|您|你|已|将|请|来自|男|女|代|办理|申请|反馈|反映|投诉|提交|报修|来电|签收)"
)
# Words that begin like a name of two or three characters and are none.
NO_NAMES = frozenset(
    """
    高级 高兴 高中 高端 高手 高管 金牌 金融 金额 方便 方面 方案 安全 安排 安装 安静 白天 白色 黄色 黄金 周末 周一
    周二 周三 周四 周五 周六 周日 周期 时间 时候 时代 马上 江湖 江南 路过 路上 文化 文件 文员 文明 成功 成都 成年
    全部 全体 全国 全职 常用 常见 平时 万一 万能 应该 解决 简单 华人 华为 和平 和谐 宁波 石家庄 温州 武汉 武术 向往
    关系 关注 明天 明星 明白 明年 项目 项目经理 管理 管理员 游客 游戏 单位 单身 单亲 党员 师傅 师生 师范 商家 商人 商户
    卫生 米粉 农民 农村 车主 车友 项链 尤其 阳光 许多 许可 任何 任务 任意 程序 程序员 包括 包装 盛大 谷歌 古代 吉林
    毕业 毕业生 毕竟 景区 应届 应届生 司机 宗教 查询 查看 边缘 池塘 甘肃 季度 祝福 梅花 童年 童装 龙虾 雷锋 史上 康复
    康师傅 牛奶 牛肉 易购 章节 齐全 庄家 申请 申请人 左右 欧洲 欧美 焦点 关键 陆续 汪汪 石油 夏天 贾府 韦德 严格 严重
    武警 戴着 莫名 孔子学院 汤圆 常年 施工 葛优 何必 何况 何时 何人 林业 罗列 谢谢 宋代 唐代 许久 邓超粉 曾经 田园 于是
    余额 房间 明明 叶子 苏州 钟点 钟表 姜汁 薛之谦粉
    """.split()  # noqa: SIM905
)
_NAME_AFTER = re.compile(
    rf"(?:{_NAMED})(?:是|为|叫|名为)?[\s:：,，「“\"]{{0,2}}(?P<v>(?:[{HAN}]{{2,6}}[·•][{HAN}]{{2,8}}|(?:{COMPOUND})[{HAN}]{{1,2}}|"
    rf"[{SURNAMES}][{HAN}]{{2}}|[{SURNAMES}][{HAN}])){_STOP}"
)
_NAME_BEFORE_TITLE = re.compile(
    rf"(?<![主责担信])(?P<v>(?:{COMPOUND})[{HAN}]{{1,2}}|[{SURNAMES}][{HAN}]{{1,2}})(?=先生|女士|小姐|太太|同学|老师|医生|律师|教授|师傅)"
)
# A name alone, before what reaches its owner ("张三 13800138000", "周敏 <…@…>"), before "收" on a parcel, or as
# the owner of such a thing ("李雷的手机").
_NAME_BEFORE_REACH = re.compile(
    rf"(?<![{HAN}])(?P<v>(?:{COMPOUND})[{HAN}]{{1,2}}|[{SURNAMES}][{HAN}]{{1,2}})"
    r"(?=[\s,，、：:（(<]{1,3}(?:(?:手机|电话|[Tt][Ee][Ll])[：:]?\s?)?"
    r"(?:\+?(?:86)?[- ]?1[3-9][0-9]|[A-Za-z0-9._%+-]{1,64}@)"
    r"|(?:亲)?收(?:[，。,；;、\s)）]|$)|[（(]收[)）]|亲启)"
)
_NAME_OF_OWNER = re.compile(
    rf"(?:(?<![{HAN}])|(?<=[和与及跟、]))(?P<v>(?:{COMPOUND})[{HAN}]{{1,2}}|[{SURNAMES}][{HAN}]{{1,2}})"
    r"(?=(?:和[^，。；\s]{2,4})?的(?:手机|电话|身份证|银行卡|邮箱|微信|护照|住址|地址))"
)
# Behind a family name alone they say that the name is not told.
_TITLES = frozenset(("先生", "女士", "小姐", "太太", "同学", "老师", "医生", "律师", "教授", "师傅", "经理", "主任"))
# What RE2 looks for before either is tried.
_BEFORE_REACH = (
    r"\p{Han}[\s,，、：:（(<]{1,3}(?:\p{Han}{2}|[Tt][Ee][Ll])?[：:\s]{0,2}(?:\+86|1[3-9][0-9]|[A-Za-z0-9._%+-]+@)"
    r"|收(?:[，。,；;、\s)）]|$)|亲启|的(?:手机|电话|身份证|银行卡|邮箱|微信|护照|住址|地址)"
)
# Characters of sentences that no given name has.
_IN_NO_NAME = frozenset("我你您他她它们里的了是在不")
# "我是" says what somebody is as often as who.
_WEAK = ("我是", "本人", "会员", "老板", "客户", "学生", "员工", "同事", "法人")
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|"
    "台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
# Houses, entrances, floors and rooms.
_PART = (
    r"(?:附[0-9]{1,4}号|[0-9A-Za-z一二三四五六七八九十]{1,6}(?:号楼|号院|号|栋|幢|座|楼|单元|层|室|户|房|门|弄|巷|组|"
    r"区)|"
    r"[0-9]{1,5}-[0-9]{1,5}(?:-[0-9]{1,5})?(?:号|室)?)"
)
_WAYS = "大道|大街|路|街|道|巷|弄|胡同|村|镇|乡|小区|花园|园区|大厦|广场|公寓|里"
_PROVINCE = re.compile(f"(?:{_PROVINCES})")
_TOWN = re.compile(
    rf"(?:^|(?<=[^{HAN}])|(?<=[寄送到在址为于住是至往]))(?![寄送到在址为于住是至往])[{HAN}]{{2,4}}?(?:市|州)(?=[{HAN}]{{1,6}}?(?:区|县|市|旗|镇))"
)
# As long as an address gets; nothing behind is looked at, so a hostile text costs its length times this.
_LONGEST_ADDRESS = 80
_SEGMENT = re.compile(rf"[{HAN}A-Za-z0-9#-]+")
_FIRST_PART = re.compile(rf"(?:{_WAYS})(?:[{HAN}]{{0,10}}?)({_PART})")
_NEXT_PART = re.compile(
    rf"(?:[{HAN}]{{1,10}}?(?:段|期|苑|园|小区|花园|大厦|广场|公寓|村|里))?{_PART}"
    # A building without such a word, and the room behind a building that has no word at all.
    rf"|[{HAN}]{{2,8}}?[0-9A-Za-z]{{1,4}}(?:号楼|座|栋|幢)|(?<=[座楼栋幢室元层])[0-9]{{3,4}}(?![0-9A-Za-z])"
)


def addresses(text: str) -> Iterator[tuple[int, int, float]]:
    """Give Chinese postal addresses: province or town, a way, a number, and what is said of house and room.

    A town or a district alone is no address of somebody. With a province the score is 0.92, with a town only 0.8.
    """
    done = 0
    starts = sorted(
        {
            match.start(): score
            for pattern, score in ((_TOWN, 0.8), (_PROVINCE, 0.92))
            for match in pattern.finditer(text)
        }.items()
    )
    for start, score in starts:
        if start < done:
            continue
        segment = _SEGMENT.match(text, start, start + _LONGEST_ADDRESS)
        first = _FIRST_PART.search(segment[0]) if segment else None
        if segment is None or first is None:
            continue
        end = first.end()
        while (following := _NEXT_PART.match(segment[0], end)) is not None:
            end = following.end()
        done = start + end
        yield start, done, score


def names(text: str) -> Iterator[tuple[int, int, float]]:
    """Give Chinese names of persons: a surname and one or two characters, beside a word that names people."""
    for match in _NAME_AFTER.finditer(text):
        name = match["v"]
        if name in NO_NAMES or name[:2] in NO_NAMES or name[1:] in _TITLES:
            continue
        weak = text[match.start() : match.start("v")].startswith(_WEAK)
        yield match.start("v"), match.end("v"), 0.85 if not weak else 0.8
    for match in _NAME_BEFORE_TITLE.finditer(text):
        if match["v"][:2] not in NO_NAMES:
            yield match.start("v"), match.end("v"), 0.6


def names_of_owners(text: str) -> Iterator[tuple[int, int, float]]:
    """Give Chinese names before a number or an address that reaches their owner, before 收, and before 的手机."""
    for pattern in (_NAME_BEFORE_REACH, _NAME_OF_OWNER):
        for match in pattern.finditer(text):
            name = match["v"]
            if name not in NO_NAMES and name[:2] not in NO_NAMES and not _IN_NO_NAME & set(name):
                yield match.start("v"), match.end("v"), 0.65


CHINESE = (
    Recognizer(
        "cn_id",
        "CN_ID",
        _START + r"[1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{2}[ -]?[01][0-9][ -]?[0-3][0-9][ -]?[0-9]{3}[0-9Xx]" + _END,
        needs=(r"[0-9]{6}[ -]?(?:18|19|20)[0-9]{2}",),
        why="checksum",
        score=0.99,
        check=national.cn_id,
        source="GB 11643-1999; ISO 7064 MOD 11-2",
    ),
    Recognizer(
        "cn_id_15",
        "CN_ID",
        _START + r"[1-9][0-9]{5}[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}" + _END,
        needs=(r"[0-9]{15}", "身份证|证件"),
        why="context",
        score=0.85,
        check=national.cn_id_15,
        words="身份证|证件",
        source="GB 11643-1989",
    ),
    Recognizer(
        "cn_passport",
        "PASSPORT",
        _START + r"(?:E[A-HJ-NP-Z][0-9]{7}|[DEGHPS][0-9]{8})" + _END,
        needs=(r"[A-Z][0-9]{7}", "护照|(?i)passport"),
        why="context",
        score=0.9,
        words="护照|(?i:passport)",
        source="National Immigration Administration: E and eight digits, since 2017 a letter behind the E",
    ),
    Recognizer(
        "cn_travel_permit",
        "PASSPORT",
        r"(?:通行证|台胞证|回乡证)(?:件?号码?)?(?:是|为)?[\s:：#(（]{0,3}"
        r"(?P<v>[CWHM][A-Z0-9][0-9]{7,9}|[LT]?[0-9]{8}(?:[0-9]{2})?)(?![0-9A-Za-z])",
        needs=("通行证|台胞证|回乡证", "[0-9]{7}"),
        why="context",
        score=0.9,
        source="National Immigration Administration: permits for Hong Kong, Macao and Taiwan",
    ),
    Recognizer(
        "cn_account",
        "ACCOUNT",
        r"(?:账号|帐号|账户|对公账户|专户)[^0-9A-Za-z，。；,;\n]{0,16}?"
        r"(?P<v>[0-9](?:[ -]?[0-9]){9,24})(?![0-9A-Za-z.])",
        needs=("账号|帐号|账户|专户", "[0-9](?:[ -]?[0-9]){9}"),
        why="context",
        score=0.8,
        source="words of our own; accounts of companies have no check digit in common",
    ),
    Recognizer(
        "cn_id_near_words",
        "ID_NUMBER",
        r"(?:住院|病历|病案|门诊|就诊卡|医保卡?|社保卡?|社会保障|学籍|学|工|员工|会员卡?|客户|保单|准考证|警|驾驶证|档案)"
        r"(?:号码?|编号|卡号)(?:是|为)?[\s:：#]{0,3}(?P<v>[A-Z0-9][A-Z0-9-]{3,24})(?![0-9A-Za-z])",
        needs=("号|编号", "[0-9]{3}"),
        why="context",
        score=0.75,
        check=checks.some_digits,
        source="words of our own",
    ),
    Recognizer(
        "cn_credit_code",
        "USCC",
        _START + r"[1-9A-HJ-NP-RTUWXYa-hj-np-rtuwxy][1-59][0-9]{6}[0-9A-HJ-NP-RTUWXYa-hj-np-rtuwxy]{10}" + _END,
        needs=(r"[0-9]{6}[0-9A-Za-z]{10}",),
        why="checksum",
        score=0.97,
        check=national.cn_credit_code,
        source="GB 32100-2015",
    ),
    Recognizer(
        "cn_bank_card",
        "BANK_CARD",
        _START + r"62(?:[ -]?[0-9]){14,17}" + _END,
        needs=(r"62(?:[ -]?[0-9]){14}",),
        why="checksum",
        score=0.98,
        check=national.cn_bank_card,
        against=_NO_NUMBER,
        source="China UnionPay; GB/T 20501",
    ),
    Recognizer(
        "cn_bank_card_near_words",
        "BANK_CARD",
        _START + r"[1-9](?:[ -]?[0-9]){15,18}" + _END,
        needs=(r"[0-9](?:[ -]?[0-9]){15}", "银行卡|借记卡|储蓄卡|卡号|开户"),
        why="checksum",
        score=0.98,
        check=checks.luhn,
        words="银行卡|借记卡|储蓄卡|(?<!信用卡)卡号|开户",
        against="信用卡[^，。；;]{0,6}$",
        source="ISO/IEC 7812-1 beside the words of Chinese banks",
    ),
    Recognizer(
        "cn_mobile",
        "PHONE",
        # Two numbers of a person are often written with a stroke between them.
        r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z]-)(?<![A-Za-z]/)(?<![¥￥$#=])(?:(?:\+|00)?86[ -]?)?"
        r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}" + _END + "(?![%元])",
        needs=(r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}",),
        score=0.92,
        against=_NO_NUMBER,
        source="Ministry of Industry and Information Technology, Telecommunication Network Numbering Plan (2017)",
    ),
    Recognizer(
        "cn_landline",
        "LANDLINE",
        _START
        + r"(?<!\+)(?:\(0[1-9][0-9]{1,2}\)[ ]?|0[1-9][0-9]{1,2}[- ])[1-9][0-9]{6,7}(?:(?:-|转)[0-9]{1,6})?"
        + _END,
        needs=(r"0[0-9]{2,3}\)?[- ]?[0-9]{7}", r"\p{Han}"),
        score=0.9,
        against=_NO_NUMBER,
        source="the same; area codes of three and four digits",
    ),
    Recognizer(
        "cn_landline_near_words",
        "LANDLINE",
        _START + r"0(?:10|2[0-9]|[3-9][0-9]{2})[2-8][0-9]{6,7}" + _END,
        needs=(r"0[0-9]{9}", "电话|座机|传真|致电|拨打"),
        why="context",
        score=0.85,
        words="电话|座机|传真|致电|拨打",
        source="the same, without separators",
    ),
    Recognizer(
        "cn_plate",
        "PLATE",
        r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z]"
        r"[·•・.\- ]?(?:[DABCEFGHJKdabcefghjk]"
        r"[A-HJ-NP-Z0-9a-hj-np-z][0-9]{4}|"
        r"[0-9]{5}[DF]|[A-HJ-NP-Z0-9a-hj-np-z]{4}[A-HJ-NP-Z0-9a-hj-np-z挂学警港澳使领])(?![0-9A-Za-z])",
        needs=("[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Za-z][·•・.\\- ]?[0-9A-Za-z]{4}",),
        score=0.92,
        source="GA 36-2018",
    ),
    Recognizer(
        "wechat_id",
        "WECHAT",
        r"(?<![0-9A-Za-z_])wxid_[a-z0-9]{6,22}(?![0-9A-Za-z_])",
        needs=("wxid_",),
        score=0.97,
        source="identifiers that WeChat gives",
    ),
    Recognizer(
        "wechat_near_words",
        "WECHAT",
        r"(?i:(?:微|薇|v)信号?|wechat(?: id)?|weixin|(?<![a-z])(?:vx|wx))(?:号码?|是|为|:|：|\s){1,4}"
        r"(?P<v>[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9@])",
        needs=("(?i)[微薇v]信|wechat|weixin|vx|wx",),
        why="context",
        score=0.8,
        source="WeChat: 6 to 20 letters, digits, signs; a letter first",
    ),
    Recognizer(
        "qq_near_words",
        "QQ",
        r"(?i:\bqq|扣扣|企鹅号)(?:号码?|是|为|:|：|\s){0,4}(?P<v>[1-9][0-9]{4,10})(?![0-9A-Za-z.])",
        needs=("(?i)qq|扣扣|企鹅号", "[1-9][0-9]{4}"),
        why="context",
        score=0.9,
        source="Tencent QQ: 5 to 11 digits",
    ),
    Recognizer(
        "cn_address",
        "ADDRESS",
        needs=(f"(?:{_PROVINCES})|市|州", _WAYS, "[0-9一二三四五六七八九十]"),
        score=0.92,
        find=addresses,
        source="GB/T 2260 provinces; the order of GB/T 23705",
    ),
    Recognizer(
        "cn_name",
        "PERSON",
        needs=(f"[{SURNAMES}]|{COMPOUND}|[·•]", f"{_NAMED}|先生|女士|小姐|太太|同学|老师|医生|律师|教授|师傅"),
        why="model",
        score=0.85,
        find=names,
        source="Hundred Family Surnames; words of our own",
    ),
    Recognizer(
        "cn_name_of_owner",
        "PERSON",
        needs=(
            f"[{SURNAMES}]|{COMPOUND}",
            _BEFORE_REACH,
        ),
        why="model",
        score=0.65,
        find=names_of_owners,
        source="as above",
    ),
)
