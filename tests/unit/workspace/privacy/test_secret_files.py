"""Files with secrets by their names, and the ordinary files that look like them."""

from pathlib import Path

import pytest

from ds_lsp.workspace.privacy.copies import _own_temporary_folders
from ds_lsp.workspace.privacy.gate import Gate

HOME = Path("/home/berta")

# Within the workspace's folder `/home/berta/p` unless they begin at the root.
SECRET = """
.env .env.local .env.production .envrc prod.env .ENV app/.env .env.example
secret.yml secret.yaml secret.json secrets.yml secrets.yaml secrets.toml Secrets.JSON secrets.ini
db.secret.yaml prod.secrets.yaml prod.secrets.json app-secret.yaml app-secrets.yml db_secrets.json
secrets.prod.yaml secrets-dev.yml secret-values.yaml secrets_test.json secrets secrets.properties
values.sops.yaml prod.sops.json app.decrypted.yaml config.dec.yaml db.secret secret.txt secrets.txt
appsettings.Development.json appsettings.Production.json local.settings.json
credentials credentials.json credentials.yml credentials.toml credentials.csv gcp-credentials.json
config/credentials/production.key config/credentials/production.yml.enc config/credentials.yml.enc
config/master.key client_secret_12.json service-account-prod.json service_account.json
google-services.json GoogleService-Info.plist x-firebase-adminsdk-y.json
.netrc _netrc .pgpass pgpass.conf .my.cnf .mylogin.cnf .mongorc.js .authinfo .htpasswd
.git-credentials
.npmrc .yarnrc.yml .pypirc pip.conf .condarc nuget.config NuGet.Config .bundle/config
.gem/credentials
.cargo/credentials .cargo/credentials.toml .m2/settings.xml .m2/settings-security.xml
.composer/auth.json
auth.json .gradle/gradle.properties credentials.tfrc.json .terraformrc terraform.tfstate prod.tfvars
terraform.tfstate.backup prod.auto.tfvars .s3cfg .boto .databrickscfg kaggle.json
.kaggle/kaggle.json
.huggingface/token .cache/huggingface/token .pulumi/credentials.json .dbt/profiles.yml
.vault-token .vault_pass .vault-pass.txt vault_pass vault_pass.txt vault.yml prod.vault.yml
group_vars/all/vault group_vars/prod/vault.yml host_vars/db/vault prod_vault.yml
kubeconfig kubeconfig.yaml prod.kubeconfig kubeconfig-prod k3s.yaml kube_config_cluster.yml
.dockercfg .docker/config.json .dockerconfigjson rclone.conf .msmtprc .offlineimaprc .muttrc
.mbsyncrc
.fetchmailrc .getmailrc .smbcredentials wp-config.php sftp-config.json sitemanager.xml
wpa_supplicant.conf home.nmconnection wg0.conf smbpasswd ipsec.secrets chap-secrets sasl_passwd
server.pem server.key tls/server.crt AuthKey_1.p8 store.p12 store.pfx putty.ppk vpn.ovpn a.gpg
a.age a.asc
id_rsa id_dsa id_ecdsa id_ed25519 id_ed25519_sk id_ed25519-work id_rsa.old id_rsa.bak id_rsa_work
ID_RSA
github_rsa deploy_ed25519 work.id_rsa deploy_key ssh_host_rsa_key ssh_host_ed25519_key
release.jks android.keystore krb5.keytab login.keychain wallet.dat ewallet.p12 passwords.kdbx
old.1pif
passwords.txt passwords.csv password.txt bitwarden_export.json
.bash_history .python_history .psql_history .node_repl_history fish_history .viminfo
terraform.d/credentials.tfrc.json .chef/knife.rb .irssi/config .cloudflared/cert.json
.ssh/config .aws/config .azure/x.json .kube/cache/x.json .gnupg/x.conf .password-store/x.txt
/home/berta/.ssh/config /home/berta/.ssh/known_hosts /home/berta/.aws/config
/home/berta/.kube/config
/home/berta/.config/op/config /home/berta/.config/sops/age/keys.txt /home/berta/.config/gh/hosts.yml
/home/berta/.config/gcloud/access_tokens.db.txt /home/berta/.config/rclone/x.conf
/home/berta/.config/doctl/config.yaml /home/berta/.config/glab-cli/config.yml
/home/berta/.config/hub
/home/berta/.config/git/credentials /home/berta/.config/netlify/config.json
/home/berta/.netlify/x.json
/home/berta/.fly/config.yml /home/berta/.local/share/com.vercel.cli/config.json
/home/berta/.config/configstore/firebase-tools.json /home/berta/.config/containers/auth.json
/home/berta/.config/ds-lsp/config.toml /home/berta/.local/share/keyrings/x.txt
/home/berta/.config/neomutt/neomuttrc /home/berta/.mutt/x /home/berta/.config/msmtp/config
/home/berta/.config/hcloud/cli.toml /home/berta/.oci/config /home/berta/.databricks/token-cache.json
/home/berta/Library/Keychains/x.txt /home/berta/.microsoft/usersecrets/1/secrets.json
/home/berta/.config/Code/User/History/5f2/a.py /home/berta/.vscode-server/data/User/History/1/b.ts
/home/berta/.config/Code/Backups/1/file/2
token .token token.json access_token.txt api_keys.json apikeys.txt private_key.txt rsa_private_key
.dev.vars .flaskenv .sentryclirc .credentials.json ansible-vault-password.txt
.ansible_vault_password
/home/berta/.claude/.credentials.json /home/berta/.ansible/galaxy_token /home/berta/.argocd/config
/home/berta/.jfrog/jfrog-cli.conf /home/berta/.wrangler/config/default.toml
/home/berta/.putty/sessions/x
/home/berta/.subversion/auth/svn.simple/1 /home/berta/.config/restic/password /proc/1/task/1/environ
/home/berta/.config/himalaya/config.toml /home/berta/.config/io.datasette.llm/keys.json
/home/berta/.config/fish/fish_variables /home/berta/.zsh_sessions/1.history /home/berta/.sfdx/x.json
/etc/shadow /etc/gshadow /etc/sudoers /etc/sudoers.d/berta /etc/shadow- /etc/shadow.edit
/etc/sudoers.tmp
/etc/NetworkManager/system-connections/home /etc/wpa_supplicant/wpa_supplicant.conf
/etc/ssl/private/x.txt /etc/wireguard/home.conf /etc/kubernetes/admin.conf /etc/mysql/debian.cnf
/etc/rancher/k3s/x.yaml /proc/self/environ /proc/1/environ /run/secrets/db /var/run/secrets/x/token
/dev/shm/pass.Zx81qP/9fK2-web-shop.txt /dev/shm/pass.AbCdEfGh12345/x-mail.txt
/tmp/pass.AbCdEfGh12345/x.txt /run/user/1000/pass.AbCdEfGh12345/x.txt
/dev/shm/passage.AbCdEfGh12345/x
/dev/shm/gopass-edit20231/secret /tmp/gopass-edit20231/secret /dev/shm/lpass.Ab12Cd/x
/tmp/1187265123/app.yaml /tmp/3381/secrets.yaml /tmp/918273645/deep/app.json
/private/var/folders/ab/cd12/T/123456789/app.yaml
/tmp/ansible-local-4821q8xj/tmpab12.yml /home/berta/.ansible/tmp/ansible-local-4821q8xj/tmpab12
/tmp/chezmoi-encrypted123456/notes /tmp/kubectl-edit-1187265.yaml /tmp/oc-edit-118.yaml
/tmp/eyaml_edit20240101-12-ab1cd /tmp/knife-edit-20240101-1.json
/tmp/20240101-1234-ab1cd2-credentials.yml /tmp/1234.credentials.yml
/var/tmp/shadowXXn3Lq /var/tmp/shadow.XXn3LqAb /var/tmp/sudoersAb12Cd34
/var/tmp/wpa_supplicantAb12Cd34.conf
/tmp/Ab12Cd_secrets.yml
app.env.production docker.env.local rsa.key.txt dump.pem.txt db_password.txt github-token.txt
token.txt api_key.txt apikey.json client_secret.txt github-recovery-codes.txt password passwords
secret
api_key clouds.yaml .rclone.conf .passwd-s3fs .saml2aws .erlang.cookie work.remmina .cf/config.json
/home/berta/.config/Bitwarden/data.json /home/berta/.config/rbw/config.json
/home/berta/AppData/Roaming/Bitwarden/data.json
/home/berta/.supabase/access-token /home/berta/.config/openstack/secure.yaml
/home/berta/.local/share/atuin/key /home/berta/.jupyter/jupyter_server_config.json
/home/berta/.claude.json /home/berta/.Xauthority /home/berta/.vnc/passwd
/tmp/20231130-1234-abc123-production.yml /tmp/20231130-1234-1abc12-staging.yml
/tmp/1234.production.yml /tmp/microk8s.kubectl-edit-12.yaml /tmp/kubectl.exe-edit-12.yaml
/tmp/kubectl-1.28-edit-12.yaml
/etc/vipw.Ab12Cd/shadow.edit /etc/vipw.Ab12Cd
/dev/fd/63 /dev/stdin /proc/self/fd/63 /proc/12/fd/5 /proc/12/task/13/fd/5
"""

# Each is a copy of a secret file, or of any in a folder of secrets.
COPIES = """
id_rsa~ secrets.yml~ secrets.yml.orig server.key~ .netrc~ .npmrc.bak .htpasswd.bak #.env# .#.env
.env.swp
.id_rsa.swp .id_rsa.un~ .secrets.yml.swo id_rsa.save id_rsa.1 secrets.yml.rej secrets.yml.old
secrets.yml.~1~ secrets.yml.~HEAD~ secrets.yml.bak~ server.key.bak server.pem.2024-01-01 server.pem~
.npmrc.save.2 .pgpass.old .netrc-backup secrets.old.yml secrets-old.yml secrets_backup.json
secrets.bak.yaml old.secrets.yml secrets.tmp.yaml secrets-1.yml secrets_20240101.yml
secrets.yml.20240101
secrets.yml.dpkg-old secrets.yml.rpmsave secrets.yml.pacnew secrets.yml.mine secrets.yml.r12
secrets_BACKUP_1234.yml secrets.LOCAL.1234.yml secrets.yml.BASE.12 secrets.yml___jb_tmp___
.secrets.yml.kate-swp .secrets.yml.Ab12Cd ._secrets.yml ~$secrets.yml .~lock.secrets.yml#
secrets.sync-conflict-20240101-120000-ABCDEFG.yml .ipynb_checkpoints/secrets-checkpoint.yaml
secrets.yml##os.Linux dot_netrc private_dot_npmrc private_dot_ssh/config
encrypted_private_dot_pgpass
dot_config/gh/hosts.yml private_dot_config/private_gh/private_hosts.yml dot_config/rclone/a.conf
private_dot_local/share/keyrings/a dot_docker/config.json .config.bak/gh/hosts.yml
dot_env private_id_rsa .ssh.bak/config .aws~/config .aws.old/config credentials~ credentials.bak
.docker/config.json~ .docker/config.json.bak .cargo/credentials.toml.orig .m2/settings.xml.old
/home/berta/.vim/undo/%home%berta%.ssh%config /home/berta/.vim/backup/%home%berta%.ssh%config~
/home/berta/.local/state/nvim/swap/%home%berta%.env.swp /home/berta/.vim/undo/%etc%shadow
/home/berta/.emacs.d/backups/!home!berta!.ssh!config~
/home/berta/.emacs.d/b/#!home!berta!p!secrets.yml#
/home/berta/.emacs.d/backups/!home!berta!.kube!config.~12~
/home/berta/.b/!drive_c!Users!u!.aws!config~
/etc/shadow.bak /etc/sudoers~
""" + "\n".join(
    # Names with blanks.
    f"|{name}"
    for name in (
        "secrets 2.yml",
        "secrets copy.yml",
        "secrets copy 2.yml",
        "secrets (1).yml",
        "secrets (copy).yml",
        "secrets (another copy).yml",
        "secrets - Copy.yml",
        "secrets - Copy (2).yml",
        "secrets - Kopie.yml",
        "Copy of secrets.yml",
        "Copy (2) of secrets.yml",
        "Kopie von secrets.yml",
        "Copie de secrets.yml",
        "secrets 副本.yml",
        "secrets的副本.yml",
        "secrets のコピー.yml",
        "secrets (Berta's conflicted copy 2024-01-01).yml",
        "id_rsa copy",
        "id_rsa 2",
        ".npmrc (1)",
        ".netrc copy",
        "secrets.yml.",
        "secrets.yml ",
        "secrets.yml::$DATA",
        "credentials copy",
    )
)

ORDINARY = """
access_tokens/a.rb kubeconfig/loader.go id_rsa/a.go vault_pass/a.go
private_key.go private-key.ts api_keys.py access_token.rb token_test.go apikeys.tsx refresh_token.py
a.py key.py keys.py key.ts secrets.py secret.py secrets.go secret.rs secret_test.go secrets.tf
secrets.md
auth.ts auth.py auth.go auth.tsx oauth.json authors.json auth.config.ts environment.ts
environment.py env.py
env.ts dotenv.rs envelope/key.py tokens.css tokens.json tokenizer.json token.py token.ts keystore.go
wallet.ts history.py bash_history.py credentials.py credentials/views.py credentials.ts
Credentials.java
certificates.md tfstate.go ssh/config.py aws/client.py gcloud/run.py kube/config.go netrc.py pem.c
id_rsa_parser.c id_rsa.py id_ed25519.rs rsa.py parse_rsa.c test_rsa.py vault.py vault.ts
vault/client.go
vault/a.py secrets/a.py secret/manager.go secrets/README.md environ.py environ shadow.css shadow.ts
shadow/a.py sudoers.py passwords.py password.py passwd.c kubeconfig.go kubeconfig_test.go
kube_config.py
vault_password.py appsettings.json settings.json settings.xml settings.py config.json config.toml
config
config.py package.json package-lock.json pyproject.toml Cargo.toml .cargo/config.toml tsconfig.json
docker/config.json docker-compose.yml Dockerfile .dockerignore .gitignore .gitconfig .editorconfig
.prettierrc .eslintrc.json .babelrc .bashrc .zshrc .vimrc .tool-versions gradle.properties
terraform.tf main.tf variables.tf outputs.tf provider.tf values.yaml deployment.yaml configmap.yaml
.sops.yaml ansible.cfg playbook.yml hosts.yml inventory.ini keyboard.json keymap.json
keybindings.json
monkey.py turkey.ts pass.py passport.py pass.go passes/a.py password-reset.tsx reset_password.html
public.html pubkey.py sshd.rs gh/client.go op/a.py hub/a.py fly.toml vercel.json netlify.toml
wg.go wireguard.go smbclient.py masterkey.py master.py keyring.py gnupg.py 密钥.py 私.md
copy.py copy of a.txt backup.py old.py tmp.ts a.py~ a.bak a.orig a.1 a.old a.py.orig #a.py#
.a.py.swp a.rej
test-1.yml data_20240101.json notes.txt~ python3.11 libfoo.so.1 chapter-2.md v1.2.3 2024-01-01.md
release-1.0.json page.1 fig_01.svg kubectl-edit/a.go kubectl-edit-secret/main.go chezmoi.go sops.py
eyaml_edit.rb knife.rb ansible-local/a.py gopass/a.go lpass.c crontab git-crypt.cpp
tmp/1234/app.py 2024/app.py %a.py %20.py !important.css
dot_bashrc private_methods.rb executable_run.sh private_key_parser.go encrypted_field.rb
create_user.sql
env.js config.env.ts app.env.js jest.env.cjs secret-santa.md password.css secret.html api_key.go
apikey.ts token.c recovery_codes.rb dot_config/nvim/init.lua dot_config/git/config
dot_local/share/a.txt
/tmp/2024-report.yml /tmp/12-a.yml /tmp/production.yml /tmp/kubectl.yaml proc/a/fd.c dev/fd.c
/etc/hosts /etc/passwd /etc/fstab /etc/nginx/nginx.conf /etc/ssh/sshd_config /etc/hosts~
/proc/cpuinfo /proc/1/status /tmp/a.py /tmp/x/a.py /tmp/notes.txt /var/tmp/hostsAb12Cd34
/tmp/nginxAb12Cd34.conf /tmp/pytest-of-u/pytest-0/a.py /tmp/tmpab12cd34/a.py
/tmp/crontab.Ab12Cd/crontab
/dev/shm/a.py /run/user/1000/a.py /home/berta/.bashrc /home/berta/.config/nvim/init.lua
/home/berta/.config/Code/User/settings.json /home/berta/.config/helix/config.toml
/home/berta/src/user/history/a.py /home/berta/code/user/history/a.py /home/berta/.emacs.d/init.el
/home/berta/.vim/undo/%home%berta%p%a.py /home/berta/.docker/a.md /home/berta/.cargo/registry/a.rs
/home/berta/.local/share/nvim/a.lua /home/berta/.terraform/a.tf
"""


def rows(table: str) -> list[str]:
    words = [word for line in table.splitlines() if line[:1] != "|" for word in line.split()]
    return [*words, *(line[1:] for line in table.splitlines() if line[:1] == "|")]


def path_of(name: str) -> Path:
    return HOME / "p" / name


@pytest.mark.parametrize("name", [*rows(SECRET), *rows(COPIES)])
def test_a_secret_is_excluded_by_its_name(name: str) -> None:
    rule = Gate([HOME / "p"]).excludes_path(path_of(name))
    assert rule
    assert rule.startswith("built-in: ")


@pytest.mark.parametrize("name", rows(ORDINARY))
def test_an_ordinary_file_that_looks_like_one_is_not(name: str) -> None:
    assert Gate([HOME / "p"]).excludes_path(path_of(name)) is None


def test_the_tables_are_long() -> None:
    assert len(rows(SECRET)) > 200
    assert len(rows(COPIES)) > 80
    assert len(rows(ORDINARY)) > 200


@pytest.mark.parametrize("folder", ["", "p"])
@pytest.mark.parametrize("name", rows(SECRET))
def test_a_secret_is_excluded_without_a_folder_and_in_the_whole_disk(
    name: str, folder: str
) -> None:
    folders = [Path("/")] if folder else []
    assert Gate(folders).excludes_path(path_of(name))


FOLDERS = [
    *(".ssh", ".aws", ".azure", ".kube", ".gnupg", ".oci", ".aliyun", ".password-store", ".chef"),
    *(
        ".config/gh",
        ".config/gcloud",
        ".config/op",
        ".config/sops",
        ".config/rclone",
        ".config/hub",
    ),
    *(".local/share/keyrings", ".cloudflared", ".terraform.d", ".irssi", ".ssh.bak", ".aws~"),
]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_credentials_as_the_workspace_is_excluded(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    (folder / "sub/.git").mkdir(parents=True)
    for workspace in (folder, folder / "sub", folder.parent, tmp_path):
        assert Gate([workspace]).excludes_path(folder / "sub/notes.txt")
    assert Gate().excludes_path(folder / "sub/notes.txt")
    (folder / ".git").mkdir()
    assert Gate().excludes_path(folder / "config.txt")


@pytest.mark.parametrize("name", [".docker/config.json", ".config/ds-lsp/config.toml"])
def test_a_secret_named_by_its_folder_is_excluded_in_that_folder(tmp_path: Path, name: str) -> None:
    assert Gate([(tmp_path / name).parent]).excludes_path(tmp_path / name)
    assert Gate([(tmp_path / name).parent]).allows(tmp_path / f"{name}.py")


@pytest.mark.parametrize(
    "above", ["credentials", "secrets.yml", "vault.yml", "app.key", "a.pem", ".env", "prod.env"]
)
def test_a_folder_above_the_workspace_may_have_the_name_of_a_secret_file(above: str) -> None:
    workspace = HOME / above / "shop"
    assert Gate([workspace]).allows(workspace / "src/a.py")
    assert not Gate([workspace]).allows(workspace / "src/.env")


@pytest.mark.parametrize("char", ["a", "1", ".", " ", "~", "%", "-1", "_old", "(copy", "copy "])
def test_a_long_name_is_judged_at_once(char: str) -> None:
    # It takes hours where an ending is looked for in every way.
    name = (char * 512)[:509] + "x.y"
    assert Gate([HOME]).allows(HOME / name)


@pytest.mark.parametrize("name", ["TMPDIR", "TEMP"])
def test_what_sops_decrypts_in_the_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / "nix-shell.Ab12Cd"
    monkeypatch.setenv(name, str(folder))
    _own_temporary_folders.cache_clear()
    try:
        assert Gate().excludes_path(folder / "123456789/values.yaml")
        assert Gate().allows(folder / "a/values.yaml")
        assert Gate().allows(folder / "values.yaml")
    finally:
        monkeypatch.undo()
        _own_temporary_folders.cache_clear()
