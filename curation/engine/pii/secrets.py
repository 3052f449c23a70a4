"""Recognizers of secrets: keys of services, private keys, tokens, passwords.

The families are those of gitleaks (MIT) and detect-secrets (Apache-2.0); the expressions are our own, after the formats
that the services publish.
"""

from curation.engine.pii import checks
from curation.engine.pii.recognizer import Recognizer

_START, _END = r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z_])"


def _key(name: str, pattern: str, needs: str, source: str) -> Recognizer:
    return Recognizer(name, "SECRET", _START + pattern + _END, needs=(needs,), score=0.98, source=source)


SECRETS = (
    _key("aws_key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}", "A[KSBC]I?[AC]A?[A-Z2-7]{14}", "AWS, IAM identifiers"),
    _key(
        "github_token",
        r"(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
        "gh[pousr]_|github_pat_",
        "GitHub, token formats",
    ),
    _key("gitlab_token", r"gl(?:pat|ptt|dt|rt)-[A-Za-z0-9_-]{20,64}", "gl(?:pat|ptt|dt|rt)-", "GitLab, token overview"),
    _key("slack_token", r"xox[abeoprs]-[0-9A-Za-z-]{10,250}", "xox[abeoprs]-", "Slack, token types"),
    Recognizer(
        "slack_hook",
        "SECRET",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_+-]{20,200}",
        needs=("hooks\\.slack\\.com",),
        score=0.98,
        source="Slack, incoming webhooks",
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
        r"(?i:[a-z][a-z0-9+.-]{1,20})://[A-Za-z0-9._%-]{1,64}:(?P<v>[^\s:@/]{3,128})@[A-Za-z0-9.-]{1,253}",
        needs=(r"://[^\s/@]*:[^\s/@]*@",),
        score=0.95,
        source="RFC 3986, section 3.2.1: user information",
    ),
    Recognizer(
        "secret_assigned",
        "SECRET",
        r"(?i:(?:api|access|secret|private|auth|client|encryption|signing|app)[_ -]?(?:key|token|"
        r"secret)|secret|token|bearer|密钥|秘钥)"
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
        r"(?i:\b(?:password|passwd|passphrase|passcode|pwd)|密码|口令)(?i:\s(?:attempt string revealed"
        r"|(?:is|was|of)))?['\"]?"
        r"(?:\s{0,3}(?::=|=>|[:=：])\s{0,3}|\s{1,3}|是|为)(?:(?P<q>['\"“‘])(?=[^'\"“”‘’\n]{3,64}['\"”"
        r"’]))?(?P<v>(?(q)[^'\"“”‘’\n]{3,64}|[^\s'\"“”‘’,，。；;]{5,64}))",
        needs=("(?i)passw|passphrase|passcode|pwd|密码|口令",),
        why="context",
        score=0.85,
        check=checks.passphrase,
        source="detect-secrets KeywordDetector; words of our own",
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
