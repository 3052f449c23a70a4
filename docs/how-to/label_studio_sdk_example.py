"""A usual script of Label Studio's SDK, unchanged but for the address: python label_studio_sdk_example.py URL TOKEN.

It makes a project, imports messages with predictions, answers two of them, and prints what comes out.
"""

import sys

from label_studio_sdk.client import LabelStudio

CONFIG = """<View>
  <Text name="message" value="$text"/>
  <Choices name="kind" toName="message" choice="single" required="true">
    <Choice value="ham"/><Choice value="spam"/>
  </Choices>
</View>"""
MESSAGES = [("See you at six?", "ham", 0.98), ("WINNER!! Claim your free prize", "spam", 0.91), ("Ok", "ham", 0.6)]


def choose(label: str) -> list[dict[str, object]]:
    return [{"from_name": "kind", "to_name": "message", "type": "choices", "value": {"choices": [label]}}]


def main(url: str, token: str) -> None:
    ls = LabelStudio(base_url=f"{url.rstrip('/')}/label-studio", api_key=token)
    project = ls.projects.create(title="Messages", label_config=CONFIG)
    ls.projects.import_tasks(
        id=project.id,
        request=[
            {
                "data": {"text": text, "source": "example"},
                "predictions": [{"model_version": "rules 1", "score": score, "result": choose(label)}],
            }
            for text, label, score in MESSAGES
        ],
    )
    for task in list(ls.tasks.list(project=project.id))[:2]:
        ls.annotations.create(id=task.id, result=task.predictions[0].result, lead_time=1.5)
    for task in ls.projects.exports.as_json(project.id):
        said = [each["result"][0]["value"]["choices"] for each in task["annotations"]]
        print(task["data"]["text"], said)
    print(ls.projects.exports.as_pandas(project.id)[["text", "kind"]].to_string())


if __name__ == "__main__":
    main(*sys.argv[1:3])
