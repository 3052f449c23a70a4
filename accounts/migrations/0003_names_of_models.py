from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_sign_in_tries'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='auditentry',
            options={'verbose_name': 'audit entry', 'verbose_name_plural': 'audit trail'},
        ),
        migrations.AlterModelOptions(
            name='membership',
            options={'verbose_name': 'membership', 'verbose_name_plural': 'memberships'},
        ),
        migrations.AlterModelOptions(
            name='organization',
            options={'verbose_name': 'organization', 'verbose_name_plural': 'organizations'},
        ),
        migrations.AlterModelOptions(
            name='signintry',
            options={'verbose_name': 'try to sign in', 'verbose_name_plural': 'tries to sign in'},
        ),
        migrations.AlterModelOptions(
            name='token',
            options={'verbose_name': 'API token', 'verbose_name_plural': 'API tokens'},
        ),
        migrations.AlterModelOptions(
            name='user',
            options={'verbose_name': 'user', 'verbose_name_plural': 'users'},
        ),
    ]
