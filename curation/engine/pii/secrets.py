"""Recognizers of secrets: keys of services, private keys, tokens, passwords.

The families are those of gitleaks (MIT) and detect-secrets (Apache-2.0); the expressions are our own, after the formats
that the services publish.
"""

from curation.engine.pii import checks
from curation.engine.pii.recognizer import Recognizer

_START, _END = r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z_])"


def _key(name: str, pattern: str, needs: str, source: str) -> Recognizer:
    return Recognizer(name, "SECRET", _START + pattern + _END, needs=(needs,), score=0.98, source=source)


# Keys that their first letters tell: the service that publishes the format, what must stand in a text, the key. All are
# one recognizer, so that one pass over a column sifts for all of them.
_SERVICES = (
    ("Docker Hub", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,64}"),
    ("DigitalOcean", "do[opr]_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    ("Shopify", "shp(?:at|ca|pa|ss|ua)_", r"shp(?:at|ca|pa|ss|ua)_[0-9a-fA-F]{32}"),
    ("Square", "sq0|EAAA", r"(?:sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60})"),
    ("Databricks", "dapi[0-9a-f]", r"dapi[0-9a-f]{32}(?:-[0-9]{1,2})?"),
    ("HashiCorp Vault", r"hv[sbr]\.", r"hv[sbr]\.[A-Za-z0-9_-]{24,300}"),
    ("HashiCorp Terraform", r"\.atlasv1\.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    ("Grafana", "glc_|glsa_", r"(?:glc_[A-Za-z0-9+/]{32,400}={0,2}|glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8})"),
    ("New Relic", "NR(?:AK|II)-", r"NR(?:AK-[A-Z0-9]{27}|II-[A-Za-z0-9_-]{32})"),
    ("Notion", "ntn_|secret_", r"(?:ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})"),
    ("Linear", "lin_(?:api|oauth)_", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}"),
    ("Figma", "fig[dou]_", r"fig[dou]_[A-Za-z0-9_-]{40,60}"),
    ("Postman", "PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    (
        "Discord",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.",
        r"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}",
    ),
    ("Mailgun", "key-[0-9a-f]{32}", r"key-[0-9a-f]{32}"),
    ("Mailchimp", "[0-9a-f]{32}-us[0-9]", r"[0-9a-f]{32}-us[0-9]{1,2}"),
    ("Brevo", "xkeysib-", r"xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    ("Groq", "gsk_", r"gsk_[A-Za-z0-9]{48,56}"),
    ("xAI", "xai-", r"xai-[A-Za-z0-9]{70,90}"),
    ("Replicate", "r8_", r"r8_[A-Za-z0-9]{37}"),
    ("Perplexity", "pplx-", r"pplx-[A-Za-z0-9]{40,60}"),
    ("NVIDIA", "nvapi-", r"nvapi-[A-Za-z0-9_-]{60,70}"),
    ("Sentry", "sntry[su]_", r"(?:sntrys_eyJ[A-Za-z0-9+/=_]{50,500}|sntryu_[0-9a-f]{64})"),
    ("Supabase", "sbp_", r"sbp_[0-9a-f]{40}"),
    ("PlanetScale", "pscale_", r"pscale_(?:tkn|oauth|pw)_[A-Za-z0-9=._-]{32,64}"),
    ("Atlassian", "AT(?:ATT|CTT|BB)", r"AT(?:ATT|CTT|BB)[A-Za-z0-9_=-]{24,250}"),
    ("Airtable", r"pat[A-Za-z0-9]{14}\.", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("RubyGems", "rubygems_", r"rubygems_[0-9a-f]{48}"),
    ("crates.io", "cio[A-Za-z0-9]{32}", r"cio[A-Za-z0-9]{32}"),
    ("NuGet", "oy2[a-z0-9]{43}", r"oy2[a-z0-9]{43}"),
    ("Microsoft Entra ID", "[0-9]Q~", r"[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}"),
    ("Baidu AI Cloud", "ALTAK-", r"bce-v3/ALTAK-[A-Za-z0-9]{21}/[0-9a-f]{40}"),
    ("Volcano Engine", "AKLT", r"AKLT[A-Za-z0-9_-]{40,80}"),
    ("age", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"),
)
# Addresses that let whoever knows them write into a chat.
_HOOKS = (
    r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_+-]{20,200}|"
    r"(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,22}/[A-Za-z0-9_-]{40,100}|"
    r"oapi\.dingtalk\.com/robot/send\?access_token=[0-9a-f]{64}|"
    r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-f-]{36}|"
    r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[0-9a-f-]{36}"
)
# Words before a password, and what says in Chinese that it is, or became, the value behind.
_LOGIN_WORDS = "password|passwd|passphrase|passcode|pwd"
_SET_TO = "(?:改|设|设置|换|重置|修改|更新)(?:成了?|为|到)|是|为|就是|还是"
# A password without quotation marks ends at a blank, a Chinese character or what ends a clause.
_BARE = "[^\\s'\"“”‘’,，。；;！？、）\u4e00-\u9fff]{5,64}"

SECRETS = (
    _key("aws_key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", "A[KSBC]I?[AC]A?[A-Z2-7]{14}", "AWS, IAM identifiers"),
    _key(
        "github_token",
        r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
        "gh[pousr]_|github_pat_",
        "GitHub, token formats",
    ),
    _key(
        "gitlab_token",
        r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt|ffct)-[A-Za-z0-9_.-]{20,300}",
        "gl[a-z]{2,5}-",
        "GitLab, token overview",
    ),
    _key("slack_token", r"xox[abeoprs]-[0-9A-Za-z-]{10,250}", "xox[abeoprs]-", "Slack, token types"),
    Recognizer(
        "chat_hook",
        "SECRET",
        rf"https://(?:{_HOOKS})",
        needs=(r"hooks\.slack\.com|/api/webhooks/|/robot/send\?|/webhook/send\?|/bot/v2/hook/",),
        score=0.98,
        source="Slack, Discord, DingTalk, WeCom, Feishu: incoming webhooks",
    ),
    _key(
        "service_key",
        f"(?:{'|'.join(pattern for _service, _needs, pattern in _SERVICES)})",
        "|".join(needs for _service, needs, _pattern in _SERVICES),
        "the formats that each service publishes; `_SERVICES`",
    ),
    _key("google_key", r"AIza[0-9A-Za-z_-]{35}", "AIza", "Google Cloud, API keys"),
    _key(
        "google_oauth",
        r"(?:ya29\.[0-9A-Za-z_-]{20,300}|GOCSPX-[0-9A-Za-z_-]{28})",
        r"ya29\.|GOCSPX-",
        "Google, OAuth 2.0",
    ),
    _key("stripe_key", r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,250}", "[rs]k_(?:live|test)_", "Stripe, API keys"),
    _key(
        "model_key",
        r"sk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{20,200}",
        "sk-[A-Za-z0-9_-]{20}",
        "OpenAI and Anthropic, API keys",
    ),
    _key("hugging_face_token", r"hf_[A-Za-z]{34}", "hf_", "Hugging Face, user access tokens"),
    _key("npm_token", r"npm_[A-Za-z0-9]{36}", "npm_", "npm, access tokens"),
    _key("pypi_token", r"pypi-AgE[A-Za-z0-9_-]{50,250}", "pypi-AgE", "PyPI, API tokens"),
    _key("sendgrid_key", r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}", r"SG\.", "SendGrid, API keys"),
    _key("twilio_key", r"(?:SK|AC)[0-9a-f]{32}", "(?:SK|AC)[0-9a-f]{32}", "Twilio, API keys"),
    _key("aliyun_key", r"LTAI[0-9A-Za-z]{12,26}", "LTAI", "Alibaba Cloud, AccessKey pairs"),
    _key("tencent_key", r"AKID[0-9A-Za-z]{32}", "AKID", "Tencent Cloud, CAM keys"),
    _key("telegram_token", r"[0-9]{8,10}:AA[0-9A-Za-z_-]{33}", ":AA", "Telegram, Bot API"),
    Recognizer(
        "private_key",
        "SECRET",
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,.]|-(?!----))"
        r"{0,12000}-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        needs=("-----BEGIN ",),
        score=0.99,
        source="RFC 7468",
    ),
    Recognizer(
        "json_web_token",
        "SECRET",
        _START + r"eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{8,2000}" + _END,
        needs=(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ",),
        why="checksum",
        score=0.98,
        check=checks.json_web_token,
        source="RFC 7519",
    ),
    Recognizer(
        "password_in_url",
        "PASSWORD",
        r"(?i:[a-z][a-z0-9+.-]{1,20})://[A-Za-z0-9._%+-]{0,64}:(?P<v>[^\s:@/]{3,128})@[A-Za-z0-9.-]{1,253}",
        needs=(r"://[^\s/@]*:[^\s/@]*@",),
        score=0.95,
        source="RFC 3986, section 3.2.1: user information",
    ),
    Recognizer(
        "secret_assigned",
        "SECRET",
        r"(?i:(?:api|access|secret|private|auth|client|encryption|signing|app|account|storage|shared|session|master|"
        r"refresh|webhook)[_ -]?(?:key|token|secret)|secret|token|bearer|密钥|秘钥)"
        r"(?i:[_ -]?id)?['\"]?\s{0,3}(?::=|=>|[:=：]|\bis\b|是|为|\s)"
        r"\s{0,3}['\"]?(?P<v>[A-Za-z0-9+/_.=-]{16,256})(?![A-Za-z0-9+/_=-])",
        needs=("(?i)key|token|secret|bearer|密钥|秘钥", "[A-Za-z0-9+/_.=-]{16}"),
        why="context",
        score=0.85,
        check=checks.random_looking,
        source="gitleaks generic-api-key (entropy 3.5), detect-secrets high entropy strings",
    ),
    Recognizer(
        "password_near_words",
        "PASSWORD",
        rf"(?i:(?<![a-z])(?:{_LOGIN_WORDS})|密码|口令)(?i:\s(?:attempt string revealed|(?:is|was|of)))?['\"]?"
        rf"(?:\s{{0,3}}(?::=|=>|[:=：])\s{{0,3}}|\s{{1,3}}|{_SET_TO})(?:(?P<q>['\"“‘])(?=[^'\"“”‘’\n]{{3,64}}['\"”’]))?"
        rf"(?P<v>(?(q)[^'\"“”‘’\n]{{3,64}}|{_BARE}))",
        needs=(f"(?i){_LOGIN_WORDS}|密码|口令",),
        why="context",
        score=0.85,
        check=checks.passphrase,
        source="detect-secrets KeywordDetector; words of our own",
    ),
    Recognizer(
        "password_of_digits",
        "PASSWORD",
        rf"(?i:(?<![a-z])(?:{_LOGIN_WORDS})|密码|口令)(?:\s{{0,2}}(?::=|=>|[:=：])\s{{0,3}}|(?i:\s(?:is|was):?\s)|{_SET_TO})"
        r"['\"“‘]?(?P<v>[0-9]{6,20})(?![0-9A-Za-z@]|[.,:/-][0-9])",
        needs=(f"(?i){_LOGIN_WORDS}|密码|口令", "[0-9]{6}"),
        why="context",
        score=0.8,
        source="words of our own; shorter ones are as often lengths, counts and years",
    ),
    Recognizer(
        "password_near_short_words",
        "PASSWORD",
        rf"(?i:\b(?:pass|pw)\b)(?:\s{{0,2}}[:=：]\s{{0,3}}|(?i:\sis\s)|{_SET_TO})['\"“‘]?(?P<v>{_BARE})",
        needs=(r"(?i)\b(?:pass|pw)\b",),
        why="context",
        score=0.75,
        check=checks.password_with_digit,
        source="words of our own; they mean other things too, so the value needs a letter and a digit",
    ),
    Recognizer(
        "password_behind_login",
        "PASSWORD",
        r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z]{2,24}\s[/|]\s(?P<v>[^\s'\"“”‘’,，。；;/|]{6,64})",
        needs=(r"@[A-Za-z0-9.-]+\s?[/|]\s?[^\s]",),
        why="context",
        score=0.7,
        check=checks.passphrase,
        source="lists of leaked logins: address, bar, password",
    ),
)
