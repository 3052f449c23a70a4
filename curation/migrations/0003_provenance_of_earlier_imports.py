"""Give the imports that were made before sources were kept for each item their row."""

from django.db import migrations


def fill(apps, schema_editor):
    Version = apps.get_model("curation", "Version")
    Upload = apps.get_model("curation", "Upload")
    Provenance = apps.get_model("curation", "Provenance")
    versions = Version.objects.filter(kind="import", job__isnull=False, row_count__gt=0, provenance=None)
    for version in versions.select_related("job").defer("manifest").iterator():
        first = version.job.saved_state.get("first_item_id")
        upload = Upload.objects.filter(pk=version.job.params.get("upload_id")).first()
        if first is None or upload is None:
            continue
        Provenance.objects.create(
            organization_id=version.organization_id,
            dataset_id=version.dataset_id,
            version=version,
            upload=upload,
            first_item_id=first,
            last_item_id=first + version.row_count - 1,
            file_name=upload.file_name,
            sha256=upload.sha256,
            licence=upload.licence,
            source=upload.source,
        )


class Migration(migrations.Migration):
    dependencies = [("curation", "0002_provenance_and_pushes"), ("workers", "0003_job_language")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
