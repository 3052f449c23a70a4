"""Each recognizer: what it finds, with which proof, and what it must leave alone."""

import time

import pyarrow as pa
import pytest

from curation.engine.pii.scan import RECOGNIZERS, Scanner
from curation.engine.pii.spans import Span, resolve

SCANNER = Scanner()


def found(text: str) -> list[tuple[str, str, str]]:
    return [(text[one.start : one.end], one.label, one.why) for one in SCANNER.text(text)]


FIRES = [
    # The numbers are the samples of the standards and of python-stdnum's documentation, or of the payment schemes.
    ("write to Ann.O-Brien+x@mail.example.co.uk.", "Ann.O-Brien+x@mail.example.co.uk", "EMAIL", "format"),
    ("邮箱：ａｎｎ＠ｃｏｒｐ．ｅｘａｍｐｌｅ，谢谢", "ａｎｎ＠ｃｏｒｐ．ｅｘａｍｐｌｅ", "EMAIL", "format"),
    ("see https://example.org/a?b=c#d, or", "https://example.org/a?b=c#d", "URL", "format"),
    ("at www.example.org.", "www.example.org", "URL", "format"),
    ("from 203.0.113.7:8080", "203.0.113.7", "IP", "format"),
    ("host 2001:db8::8a2e:370:7334 up", "2001:db8::8a2e:370:7334", "IP", "format"),
    ("mac 00:1B:44:11:3A:B7", "00:1B:44:11:3A:B7", "MAC", "format"),
    ("card 4111-1111-1111-1111 ok", "4111-1111-1111-1111", "CREDIT_CARD", "checksum"),
    ("5555555555554444", "5555555555554444", "CREDIT_CARD", "checksum"),
    ("amex 3782 822463 10005", "3782 822463 10005", "CREDIT_CARD", "checksum"),
    ("３５３０１１１３３３３０００００", "３５３０１１１３３３３０００００", "CREDIT_CARD", "checksum"),
    ("开户卡号6200000000000005。", "6200000000000005", "BANK_CARD", "checksum"),
    ("开户卡号4367428743786941。", "4367428743786941", "BANK_CARD", "checksum"),
    ("信用卡卡号4111111111111111。", "4111111111111111", "CREDIT_CARD", "checksum"),
    ("IBAN GB82 WEST 1234 5698 7654 32 was", "GB82 WEST 1234 5698 7654 32", "IBAN", "checksum"),
    ("de89370400440532013000", "de89370400440532013000", "IBAN", "checksum"),
    ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "CRYPTO", "checksum"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "CRYPTO", "checksum"),
    ("😀+44 20 7946 0958😀", "+44 20 7946 0958", "PHONE", "format"),
    ("(212) 555-0134 x12", "(212) 555-0134 x12", "PHONE", "format"),
    ("06.12.34.56.78", "06.12.34.56.78", "PHONE", "format"),
    ("call me on 450 0840?", "450 0840", "PHONE", "context"),
    ("手机１３８－１２３４－５６７８。", "１３８－１２３４－５６７８", "PHONE", "format"),
    ("拨打（0571）87654321转802", "（0571）87654321转802", "LANDLINE", "format"),
    ("born on 2 May 1980 in", "2 May 1980", "BIRTH_DATE", "context"),
    ("出生日期：1980年5月2日", "1980年5月2日", "BIRTH_DATE", "context"),
    ("SSN: 219-09-9999", "219-09-9999", "US_SSN", "format"),
    ("social security number 219099999", "219099999", "US_SSN", "context"),
    ("his tax ID 94-2841935", "94-2841935", "TAX_ID", "context"),
    ("routing number 021000021", "021000021", "ROUTING_NUMBER", "checksum"),
    ("account number 3847283911", "3847283911", "ACCOUNT", "context"),
    ("passport number XG9382049", "XG9382049", "PASSPORT", "context"),
    ("护照号码G22387212，", "G22387212", "PASSPORT", "context"),
    ("driver's license K932-778-3840", "K932-778-3840", "DRIVER_LICENSE", "context"),
    ("Patient ID AHC-0933289", "AHC-0933289", "ID_NUMBER", "context"),
    ("NI AB 12 34 56 C", "AB 12 34 56 C", "NATIONAL_ID", "format"),
    ("PAN ABCPE1234F", "ABCPE1234F", "NATIONAL_ID", "format"),
    ("2341 2341 2346", "2341 2341 2346", "NATIONAL_ID", "checksum"),
    ("111.444.777-35", "111.444.777-35", "NATIONAL_ID", "checksum"),
    ("54362315K", "54362315K", "NATIONAL_ID", "checksum"),
    ("X2482300W", "X2482300W", "NATIONAL_ID", "checksum"),
    ("RCCMNL83S18D969H", "RCCMNL83S18D969H", "NATIONAL_ID", "checksum"),
    ("2 95 10 99 126 111 93", "2 95 10 99 126 111 93", "NATIONAL_ID", "checksum"),
    ("880320-0016", "880320-0016", "NATIONAL_ID", "checksum"),
    ("971013-9019902", "971013-9019902", "NATIONAL_ID", "checksum"),
    ("S1234567D", "S1234567D", "NATIONAL_ID", "checksum"),
    ("A123456789", "A123456789", "NATIONAL_ID", "checksum"),
    ("A123456(3)", "A123456(3)", "NATIONAL_ID", "checksum"),
    ("SIN 123-456-782", "123-456-782", "NATIONAL_ID", "checksum"),
    ("NHS 943-476-5870", "943-476-5870", "NATIONAL_ID", "checksum"),
    ("TFN 123 456 782", "123 456 782", "NATIONAL_ID", "checksum"),
    ("BSN 111222333", "111222333", "NATIONAL_ID", "checksum"),
    ("PESEL 44051401359", "44051401359", "NATIONAL_ID", "checksum"),
    ("Steuer-ID 36574261809", "36574261809", "NATIONAL_ID", "checksum"),
    ("kimlik 17291716060", "17291716060", "NATIONAL_ID", "checksum"),
    ("マイナンバー 123456789018", "123456789018", "NATIONAL_ID", "checksum"),
    ("身份证11010519491231002X。", "11010519491231002X", "CN_ID", "checksum"),
    ("身份证号110105491231002", "110105491231002", "CN_ID", "context"),
    ("代码91350100M000100Y43。", "91350100M000100Y43", "USCC", "checksum"),
    ("车牌京A·12345的", "京A·12345", "PLATE", "format"),
    ("粤BD12345", "粤BD12345", "PLATE", "format"),
    ("加微信：zhang_wei88", "zhang_wei88", "WECHAT", "context"),
    ("QQ：4665116234。", "4665116234", "QQ", "context"),
    (
        "寄到江苏省南京市鼓楼区中山北路763号14栋2001室，",
        "江苏省南京市鼓楼区中山北路763号14栋2001室",
        "ADDRESS",
        "format",
    ),
    ("住在南京市鼓楼区中山北路7号", "南京市鼓楼区中山北路7号", "ADDRESS", "format"),
    ("收件人欧阳明月，", "欧阳明月", "PERSON", "model"),
    ("客户孔子身份证", "孔子", "PERSON", "model"),
    ("at 221 Baker Street, London", "221 Baker Street", "ADDRESS", "format"),
    ("Dr. Helena Shaw left", "Helena Shaw", "PERSON", "model"),
    ("with Robert Chen today", "Robert Chen", "PERSON", "model"),
    ("key AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "SECRET", "format"),
    ("ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9, "SECRET", "format"),
    ("xoxb-123456789012-abcdefABCDEF", "xoxb-123456789012-abcdefABCDEF", "SECRET", "format"),
    ("AIza" + "Sy0-_" * 7, "AIza" + "Sy0-_" * 7, "SECRET", "format"),
    ("API_KEY = 'q7Zr9T2mXv5Lk8Pw3Nc6'", "q7Zr9T2mXv5Lk8Pw3Nc6", "SECRET", "context"),
    (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "SECRET",
        "checksum",
    ),
    ("password is 'B@nZes94!' for", "B@nZes94!", "PASSWORD", "context"),
    ("密码：Qr7!dke#39。", "Qr7!dke#39", "PASSWORD", "context"),
    ("postgres://app:s3cr3tPw@db.example/x", "s3cr3tPw", "PASSWORD", "format"),
    ("Write to Ms. ZENOBIA  QUARTERMAINE, now", "ZENOBIA  QUARTERMAINE", "PERSON", "model"),
    ("NAME: MARIA GARCIA  SEX: F", "MARIA GARCIA", "PERSON", "model"),
    ("Please ring Željko Petrović tomorrow.", "Željko Petrović", "PERSON", "model"),
    ("The parcel goes to Ravil G Yefimov instead.", "Ravil G Yefimov", "PERSON", "model"),
    ("Guðrún Sumarliðadóttir wrote it.", "Guðrún Sumarliðadóttir", "PERSON", "model"),
    ("We met Kateřina, Maite and Ann.", "Maite", "PERSON", "model"),
    ("Maurice: who are you?", "Maurice", "PERSON", "model"),
    ("it was said by Jónína.", "Jónína", "PERSON", "model"),
    ("Mr. Yıldırım called", "Yıldırım", "PERSON", "model"),
    ("I'm Xanthippa, hello", "Xanthippa", "PERSON", "model"),
    ("send it to 14 rue de la Paix, 75002 Paris", "14 rue de la Paix, 75002 Paris", "ADDRESS", "format"),
    ("wohnt in der Nähe: Augsburger Strasse 36", "Augsburger Strasse 36", "ADDRESS", "format"),
    ("at Via Roma 131, Montafia, Italy.", "Via Roma 131, Montafia, Italy", "ADDRESS", "format"),
    ("Rua Cidade de Maracajá 468 is closed", "Rua Cidade de Maracajá 468", "ADDRESS", "format"),
    ("Mariebergsgatan 12 Apt. 4", "Mariebergsgatan 12 Apt. 4", "ADDRESS", "format"),
    ("ul. Grochowa 80", "ul. Grochowa 80", "ADDRESS", "format"),
    # Keys are put together here, so that nothing in this file looks like one to those who search for leaks.
    ("dckr_" + "pat_" + "aB3_" * 7, "dckr_" + "pat_" + "aB3_" * 7, "SECRET", "format"),
    ("token shpat" + "_" + "0a" * 16 + ".", "shpat" + "_" + "0a" * 16, "SECRET", "format"),
    ("hv" + "s." + "aB3-" * 6, "hv" + "s." + "aB3-" * 6, "SECRET", "format"),
    ("gls" + "a_" + "aB3d" * 8 + "_0a1b2c3d", "gls" + "a_" + "aB3d" * 8 + "_0a1b2c3d", "SECRET", "format"),
    ("M" + "aB3" * 8 + ".GxYz12." + "aB3-" * 8, "M" + "aB3" * 8 + ".GxYz12." + "aB3-" * 8, "SECRET", "format"),
    ("AccountKey=" + "q7Zr9T2mXv5Lk8Pw3Nc6" * 4, "q7Zr9T2mXv5Lk8Pw3Nc6" * 4, "SECRET", "context"),
    (
        "发到 https://open.feishu.cn/open-apis/bot/v2/hook/" + "0a1b2c3d-" * 4,
        "https://open.feishu.cn/open-apis/bot/v2/hook/" + "0a1b2c3d-" * 4,
        "SECRET",
        "format",
    ),
    ("redis://:s3cr3tPw@cache.example:6379/0", "s3cr3tPw", "PASSWORD", "format"),
    ("MYSQL_PWD=r00tMe99 mysqldump", "r00tMe99", "PASSWORD", "context"),
    ("root pass is hunter2!! ok", "hunter2!!", "PASSWORD", "context"),
    ("the temporary password: 84920174.", "84920174", "PASSWORD", "context"),
    ("门禁密码改成a7b9c3了", "a7b9c3", "PASSWORD", "context"),
    ("初始密码是20240311，", "20240311", "PASSWORD", "context"),
    ("o'brien.sean@mail.example.ie", "o'brien.sean@mail.example.ie", "EMAIL", "format"),
    ("ruf an: 0171 2345678 oder", "0171 2345678", "PHONE", "format"),
    ("手机13812345678/139 8765 4321", "139 8765 4321", "PHONE", "format"),
    ("Your passport (533401922) expires", "533401922", "PASSPORT", "context"),
    ("passport no. C01X00T47, German", "C01X00T47", "PASSPORT", "context"),
    ("护照（EB3348217）和", "EB3348217", "PASSPORT", "context"),
    ("港澳通行证C45678912已", "C45678912", "PASSPORT", "context"),
    ("账号：32250198823600001234，", "32250198823600001234", "ACCOUNT", "context"),
    ("住院号：00231877，", "00231877", "ID_NUMBER", "context"),
    ("V信：lily-2019k，", "lily-2019k", "WECHAT", "context"),
    ("粤A1234领", "粤A1234领", "PLATE", "format"),
    ("发件人：周敏 <a@b.example>", "周敏", "PERSON", "model"),
    ("顾晓峰收，", "顾晓峰", "PERSON", "model"),
    ("快件：江雪 15271234456", "江雪", "PERSON", "model"),
    ("韩梅梅的手机", "韩梅梅", "PERSON", "model"),
    ("我叫阿依古丽·买买提，", "阿依古丽·买买提", "PERSON", "model"),
    ("山东省青岛市香港中路10号颐和国际A座2201，", "山东省青岛市香港中路10号颐和国际A座2201", "ADDRESS", "format"),
    ("8 Kingsway Close, Leeds LS17 7AB, near", "8 Kingsway Close, Leeds LS17 7AB", "ADDRESS", "format"),
    (
        "at 350 Fifth Avenue, 21st Floor, New York, NY 10118",
        "350 Fifth Avenue, 21st Floor, New York, NY 10118",
        "ADDRESS",
        "format",
    ),
    ("P.O. Box 1187, Santa Fe, NM 87504.", "P.O. Box 1187, Santa Fe, NM 87504", "ADDRESS", "format"),
    ("USNS Sekerková\nFPO AA 65728", "USNS Sekerková\nFPO AA 65728", "ADDRESS", "format"),
]


@pytest.mark.parametrize(("text", "value", "label", "why"), FIRES)
def test_fires(text: str, value: str, label: str, why: str) -> None:
    assert (value, label, why) in found(text)


DECOYS = [
    "订单号2020195181056185已发货，金额58355.98元。",
    "版本7.19.7，固件版本10.2.3.4",
    "version 10.2.3.4 and build 1.2.3.4",
    "12:45:18 on 2018-02-24, std::vector<int>::size",
    "共有232783条记录，其中253922条有效。",
    "身份证11010519491231002A 110105194912310021",
    "11010519490231002X",
    "91350100M000100Y42",
    "4111111111111112 and order 4111111111111111",
    "GB82 WEST 1234 5698 7654 33",
    "000-12-3456 666-12-3456 123-45-0000",
    "1609459200000 1609459200",
    "¥13812345678 13812345678.00",
    "127.0.0.1 0.0.0.0 256.1.1.1",
    "111.444.777-36 54362315A S1234567A A123456788",
    "the password must be long; reset your password here",
    "password reset, forgotten password scenario",
    "token of appreciation, the secret of success",
    "ISBN 978-3-16-148410-0",
    "the meeting is at 12.30.45 in room 404",
    "我是高级工程师，很高兴认识你。",
    "今天天气不错，适合出去走走。南京市很大。",
    "price: 1,234,567.89 and 3.14159265358979",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
    "a@b, @user, user@host",
    "🙂🙃 café naïve ½ ² Ⅷ ٣",
    "Merry Christmas to all, and a Happy New Year",
    "They play in the Ogden Theatre, and Jan 17 is sold out.",
    "See you at Burger King. Warner Village is far.",
    "I'm Watching a film; Funny When I Tell The Punch Line",
    "Please call. Thanks. Monday is better, said the bank in Boston.",
    "via email 12 times, the route 66 and avenue 5",
    "serial no. 4532015112830366, part 555-123-4567-A, rev 2.0.1.7, figure 4.1.2.3",
    "客服热线400-820-8820",
    "Miss USA, Dr. TV, NAME: N/A, Patient: NKDA, HOLDER: BANK CARD",
    "忘记密码是怎么办？密码是多少？密码不少于8位",
    "the pass is closed, pass: closed",
    "班主任夏老师，房间的电话，明明我的手机",
]


@pytest.mark.parametrize("text", DECOYS)
def test_decoys_do_not_fire(text: str) -> None:
    assert found(text) == []


def test_every_recognizer_says_where_its_format_is_published() -> None:
    assert [row.name for row in RECOGNIZERS if not row.source] == []
    assert len({row.name for row in RECOGNIZERS}) == len(RECOGNIZERS)
    assert [row.name for row in RECOGNIZERS if not 0 < row.score < 1] == []


def test_offsets_are_code_points_of_the_original() -> None:
    text = "😀👩‍👩‍👧 电话\u3000１３８１２３４５６７８，é"
    (one,) = SCANNER.text(text)
    assert text[one.start : one.end] == "１３８１２３４５６７８"


def test_proof_goes_before_length_and_score() -> None:
    name, card = Span(0, 30, "PERSON", 0.99, "model"), Span(5, 21, "CREDIT_CARD", 0.9, "checksum")
    phone, word = Span(5, 21, "PHONE", 0.95, "format"), Span(3, 22, "ACCOUNT", 0.99, "context")
    assert resolve([name, word, phone, card]) == [card]
    assert resolve([name, word, phone]) == [phone]
    assert resolve([Span(0, 5, "URL", 0.9, "format"), Span(5, 9, "URL", 0.9, "format")]) == [
        Span(0, 5, "URL", 0.9, "format"),
        Span(5, 9, "URL", 0.9, "format"),
    ]


def test_null_empty_and_columns_of_numbers() -> None:
    assert SCANNER.scan(pa.array([None, "", "ann@corp.example"])) == [[], [], SCANNER.text("ann@corp.example")]
    assert [one.label for one in SCANNER.scan(pa.array([13812345678]))[0]] == ["PHONE"]
    assert SCANNER.scan(pa.array([], pa.string())) == []


def test_languages_and_types_are_chosen() -> None:
    text = "Dr. Helena Shaw, 收件人胡梅芳，ann@corp.example"
    labels = {name: [one.label for one in Scanner(name).text(text)] for name in ("en", "zh")}
    assert labels == {"en": ["PERSON", "PERSON", "EMAIL"], "zh": ["PERSON", "EMAIL"]}
    assert [one.label for one in Scanner(labels=("EMAIL",)).text(text)] == ["EMAIL"]
    with pytest.raises(ValueError, match="no type EMAILS"):
        Scanner(labels=("EMAILS",))
    with pytest.raises(ValueError, match="no language xx"):
        Scanner("xx")


PARTS = [
    *(
        "1",
        "1 ",
        "1-",
        "(1",
        "a",
        "a@",
        "a.",
        "@a.",
        "A",
        "Aa ",
        "a:",
        "ab:",
        "password ",
        "password:'a",
        "http://!",
        "eyJabcdefgh.",
    ),
    *(
        "-----BEGIN PRIVATE" + " KEY-----",
        "+1",
        "王",
        "江苏省南京市鼓楼区中山北路",
        "北京市路",
        "北京1号",
        "姓名王",
        "phone 1",
        "born on ",
    ),
    *("1 Aa ", "x@x.com / ", "a://a:", "account ", "62 ", "key ", "GB29 NWBK ", "unit 1, ", "市区路1号", "我是王先生"),
    *(
        "Ann ",
        "王王，",
        "王·王",
        "北京市路1号王座",
        "pass is ",
        "账号 ",
        "Ann, ",
        "Ann and ",
        "Ann A. ",
        "Mr. ",
        "Rua a ",
        "Via Via 1 ",
        "1 rue de la Rue ",
        "Aweg 1, ",
        "ul. A 1 A ",
    ),
]


@pytest.mark.parametrize("part", PARTS)
def test_a_hostile_text_costs_its_length(part: str) -> None:
    text = (part * (200_000 // len(part) + 1))[:200_000]
    started = time.process_time()
    SCANNER.text(text)
    # The slowest measured is 0.3 s for 200,000 characters; one that goes back and forth takes minutes.
    assert time.process_time() - started < 5
