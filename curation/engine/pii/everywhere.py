"""Recognizers for any language: addresses of the net, cards, accounts, telephones, dates of birth."""

from curation.engine.pii import checks
from curation.engine.pii.recognizer import Recognizer

_DIGIT = "[0-9]"
_SEVEN_DIGITS = r"[0-9](?:[ .()/-]{0,3}[0-9]){6}"
_END = r"(?![0-9A-Za-z])(?!\.[0-9])"
_EXTENSION = r"(?:\s?(?:x|ext\.?)\s?[0-9]{1,6})?"
PHONE_WORDS = (
    r"(?i)\b(?:tele?phone|phone|tel|mobile|cell|fax|call(?:ing|ed)?|dial|sms|whatsapp|desk|office|answering|"
    r"messages? (?:to|on)|registered|reach|ring|hotline|contact|téléphone|numéro|telefon|"
    r"festnetz|nummer|rufnummer|tfno|teléfono|número|móvil|"
    r"mobil|handy)\b|电话|手机|联系|传真|致电|拨打|座机"
)
_NO_CARD = (
    r"(?i)(?:order|invoice|tracking|serial|part|sku|imei|iccid|订单|单号|流水|编号|序列)"
    r"\s?(?:id|no\.?|number|号)?\s?[:：#]?\s?$"
)
# What stands before a version of four parts, which looks like an address of the net.
_NO_IP = (
    r"(?i)(?:\bv|ver(?:sion)?|release|rev(?:ision)?|build|firmware|update|patch|hotfix|driver|kernel|sdk|"
    r"chrome|firefox|edge|版本|版本号|固件|补丁|驱动|(?:升级|更新)[到至]|section|clause|fig(?:ure)?|table|chapter|条)[./]?\s?[:=#]?\s?$"
)
_NO_PHONE = (
    r"(?i)(?:account|acct|order|invoice|card|ssn|tax|tin|routing|passport|licen[cs]e|policy|"
    r"tracking|serial|version|isbn|part|sku|lot|batch|item|model|ticket|case|imei|"
    r"zip|postcode)\s?(?:code|id|no\.?|number|#)?\s?(?:is|was)?[\s:#'\"]{0,3}$|[$€£¥#=]\s?$|"
    r"(?:订单|单号|流水|编号|金额|账号|卡号)[^\s,，。]{0,4}$"
)
_DATE = (
    r"(?:[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ](?:[0-9]{4}|[0-9]{2})|[0-9]{4}[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}|"
    r"[0-9]{4}\s?年\s?[0-9]{1,2}\s?月\s?[0-9]{1,2}\s?日|(?:[0-9]{1,2}(?:st|nd|rd|th)?\s)"
    r"?[A-Z][a-z]{2,8}\.?\s(?:[0-9]{1,2}(?:st|nd|rd|th)?,?\s)?[0-9]{4})"
)

EVERYWHERE = (
    Recognizer(
        "email",
        "EMAIL",
        r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?"
        r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])",
        needs=("@[A-Za-z0-9]",),
        score=0.98,
        source="RFC 5321, sizes of sections 4.5.3.1.1 and 4.5.3.1.2; RFC 1035, labels",
    ),
    Recognizer(
        "url",
        "URL",
        r"(?i)(?<![a-z0-9])(?:(?:https?|ftp)://|www\.(?=[a-z0-9-]{1,63}\.[a-z]))"
        r"[a-z0-9._~:/?#\[\]@!$&()*+,;=%'-]{0,2000}[a-z0-9_~/#&=%-]",
        needs=(r"(?i)://|www\.",),
        score=0.95,
        source="RFC 3986, appendix A",
    ),
    Recognizer(
        "ip_v4",
        "IP",
        r"(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9])",
        needs=(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",),
        score=0.9,
        check=checks.ip_v4,
        against=_NO_IP,
        source="RFC 791",
    ),
    Recognizer(
        "ip_v6",
        "IP",
        r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])",
        needs=(r"[0-9A-Fa-f:]*:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]",),
        score=0.95,
        check=checks.ip_v6,
        source="RFC 4291, section 2.2",
    ),
    Recognizer(
        "mac",
        "MAC",
        r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])",
        needs=(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}",),
        score=0.95,
        source="IEEE 802, section 8.1",
    ),
    Recognizer(
        "payment_card",
        "CREDIT_CARD",
        r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z][-_/])[1-9](?:[ -]?[0-9]){11,18}" + _END,
        needs=(r"[0-9](?:[ -]?[0-9]){11}",),
        why="checksum",
        score=0.97,
        check=checks.payment_card,
        against=_NO_CARD,
        source="ISO/IEC 7812-1; number ranges as published by the schemes",
    ),
    Recognizer(
        "card_near_words",
        "CREDIT_CARD",
        r"(?<![0-9A-Za-z.])(?<![0-9A-Za-z][-_/])[0-9](?:[ -]?[0-9]){11,18}" + _END,
        needs=(r"[0-9](?:[ -]?[0-9]){11}", r"(?i)card|visa|master|amex|\bcc\b|atm|信用卡|银行卡|卡号"),
        why="checksum",
        score=0.93,
        check=checks.luhn,
        words=r"(?i)\b(?:card|visa|mastercard|amex|cc|atm)\b|信用卡|银行卡|卡号",
        against=_NO_CARD,
        source="ISO/IEC 7812-1, whatever the issuer",
    ),
    Recognizer(
        "iban",
        "IBAN",
        r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ -]?[0-9A-Za-z]{4}){2,7}(?:[ -]?[0-9A-Za-z]{1,3})?(?![0-9A-Za-z])",
        needs=(r"[A-Za-z]{2}[0-9]{2}[ -]?[0-9A-Za-z]{4}",),
        why="checksum",
        score=0.99,
        check=checks.iban,
        source="ISO 13616; SWIFT IBAN Registry",
    ),
    Recognizer(
        "crypto_bitcoin",
        "CRYPTO",
        r"(?<![0-9A-Za-z])(?:bc1[ac-hj-np-z02-9]{11,71}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?![0-9A-Za-z])",
        needs=(r"(?:bc1|[13])[0-9A-Za-z]{25}",),
        why="checksum",
        score=0.99,
        check=checks.bitcoin,
        source="BIP 173, BIP 350; Base58Check",
    ),
    Recognizer(
        "crypto_ethereum",
        "CRYPTO",
        r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])",
        needs=(r"0x[0-9a-fA-F]{40}",),
        score=0.9,
        source="Ethereum Yellow Paper, section 4.1",
    ),
    Recognizer(
        "phone_international",
        "PHONE",
        r"(?<![\w+])\+[1-9](?:[ .()/-]{0,2}[0-9]){6,14}" + _EXTENSION + _END,
        needs=(r"\+[0-9]",),
        score=0.95,
        check=None,
        source="ITU-T E.164",
    ),
    Recognizer(
        "phone_north_america",
        "PHONE",
        r"(?<![\w.+/$-])(?:(?:001|1)[-. ]?)?(?!\(?400)(?:\([2-9][0-9]{2}\)\s?|[2-9][0-9]{2}[-. ])[0-9]{3}[-. ][0-9]{4}"
        + _EXTENSION
        + _END
        + "(?!-[0-9A-Za-z]|/[0-9])",
        needs=(r"[0-9]{3}\)?[-. ]?[0-9]{3}[-. ][0-9]{4}",),
        score=0.9,
        check=checks.phone_digits,
        against=_NO_PHONE,
        source="North American Numbering Plan, ATIS-0300051; 400 is nobody's area, and the hotlines of China have it",
    ),
    Recognizer(
        "phone_france",
        "PHONE",
        r"(?<![\w.+/$-])0[1-9](?:([ .-])[0-9]{2})(?:\1[0-9]{2}){3}" + _END + "(?![-/][0-9])",
        needs=(r"0[1-9](?:[ .-][0-9]{2}){4}",),
        score=0.85,
        against=_NO_PHONE,
        source="Arcep, plan national de numérotation",
    ),
    Recognizer(
        "phone_united_kingdom",
        "PHONE",
        r"(?<![\w.+/$-])(?:07[0-9]{3}[ -][0-9]{3}[ -]?[0-9]{3}|020[ -][0-9]{4}[ -][0-9]{4}|01[0-9]{3}[ -][0-9]{6})"
        + _END,
        needs=(r"0[127][0-9]{1,3}[ -][0-9]{3}",),
        score=0.85,
        against=_NO_PHONE,
        source="Ofcom, National Telephone Numbering Plan",
    ),
    Recognizer(
        "phone_germany",
        "PHONE",
        r"(?<![\w.+/$-])0(?:1[5-7][0-9]{1,2}[ /-][0-9]{6,8}|[2-9][0-9]{1,4} ?/ ?[0-9]{4,9})" + _END + "(?![-/][0-9])",
        needs=(r"0[1-9][0-9]{1,4} ?[ /-] ?[0-9]{4}",),
        score=0.8,
        against=_NO_PHONE,
        source="Bundesnetzagentur, Nummernraum; DIN 5008 and the stroke that was usual before",
    ),
    Recognizer(
        "phone_near_words",
        "PHONE",
        r"(?<![\w/$€£¥#+-])(?<![0-9][.,])(?:\([0-9]{1,4}\)|[0-9]{1,4})(?:[ .-]?\(?[0-9]\)?){4,13}"
        + _EXTENSION
        + r"(?![\w%]|[.,:/][0-9])",
        needs=(_SEVEN_DIGITS, PHONE_WORDS.replace(r"(?i)\b", r"(?i)").replace(r")\b", ")")),
        why="context",
        score=0.85,
        check=checks.phone_digits,
        words=PHONE_WORDS,
        against=_NO_PHONE,
        source="ITU-T E.123: national numbers in groups; words of our own",
    ),
    Recognizer(
        "birth_date",
        "BIRTH_DATE",
        r"(?i:\bborn(?: on| in)?|date of birth|birth ?date|\bd\.?o\.?b\b\.?|birthday|出生日期|出生年月|出生于"
        r"|生日|生于)[^0-9\n]{0,20}?"
        rf"(?P<v>{_DATE})(?![0-9])",
        needs=(_DIGIT, r"(?i)born|birth|dob|d\.o\.b|出生|生日|生于"),
        why="context",
        score=0.9,
        source="ISO 8601 and the usual orders of day, month and year",
    ),
    Recognizer(
        "account_number",
        "ACCOUNT",
        r"(?i:\b(?:account|acct|acc)(?: details)?(?: like| including)?(?:\s(?:number|no\.?|nr\.?))"
        r"?)(?i:\s(?:is|was|ending (?:in|with)))"
        r"?[\s:#'\"(]{1,3}(?P<v>[A-Z]{0,8}[0-9][0-9-]{5,18}[A-Z]?)(?![0-9A-Za-z])",
        needs=(_DIGIT, r"(?i)acc(?:oun)?t?"),
        why="context",
        score=0.85,
        check=checks.some_digits,
        source="words of our own",
    ),
    Recognizer(
        "passport_near_words",
        "PASSPORT",
        r"(?i:\bpassport(?: id| number| no\.?| nr\.?)?|护照(?:号码?)?)(?i:\s?(?:is|was|为|是))"
        r"?[\s:：#'\"(（]{0,3}(?:(?i:number|no\.?|nr\.?|号码?)[\s:：]{0,2})?"
        r"(?P<v>[A-Z]{0,3}[0-9]{6,9}[A-Z]?|[A-Z0-9]{8,9})(?![0-9A-Za-z])",
        needs=(_DIGIT, r"(?i)passport|护照"),
        check=checks.some_digits,
        why="context",
        score=0.9,
        source="ICAO Doc 9303, part 4: nine places of letters and digits",
    ),
    Recognizer(
        "driver_license",
        "DRIVER_LICENSE",
        r"(?i:\b(?:driver(?:'|’)?s?|driving)(?:'|’)?\s(?:license|licence|licen[cs]e)|"
        r"\blicense number|\bDL\s?:)(?i:\s(?:id|no\.?|number))"
        r"?(?i:\s(?:is|was|for [a-z ]{1,30}))?[\s:#'\"]{0,3}(?:DL\s?:\s?)"
        r"?(?P<v>[A-Z0-9][A-Z0-9-]{4,19})(?![0-9A-Za-z])",
        needs=(_DIGIT, r"(?i)licen[cs]e|DL\s?:"),
        why="context",
        score=0.85,
        check=checks.some_digits,
        against=r"(?i)(?:software|product|windows|plugin)\s$",
        source="formats by state: AAMVA DL/ID Card Design Standard, annex D",
    ),
    Recognizer(
        "id_near_words",
        "ID_NUMBER",
        r"(?i:\b(?:patient|medical (?:record|file)|insurance|employee|member|voter|customer|tribal"
        r"|identification|student|user(?= ?id)|MRN|"
        r"badge)\b(?:\s(?:id|policy|code|card|record))?(?:\s(?:number|no\.?))?)"
        r"[\s:#'\"]{1,3}(?P<v>[A-Z0-9][A-Z0-9-]{3,19})(?![0-9A-Za-z])",
        needs=(
            _DIGIT,
            "(?i)patient|medical|insurance|employee|member|voter|customer|tribal|identif|student|user ?id|mrn|badge",
        ),
        why="context",
        score=0.75,
        check=checks.some_digits,
        source="words of our own",
    ),
)
