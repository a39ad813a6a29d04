#!/bin/sh
# Makes the secrets of compose.yaml, once: random passwords, addresses that hold them, and keys.
# `packaging/compose/secrets.sh [FOLDER]`, by default ./secrets. Needs openssl.
set -eu
folder=${1:-secrets}
if [ -e "$folder" ]; then
  echo "$folder is there already: its passwords are in use, and none was changed" >&2
  exit 1
fi
umask 077
mkdir -p "$folder.new"
cd "$folder.new"
openssl rand -hex 24 > postgres-password
openssl rand -hex 32 > secret-key
openssl genpkey -algorithm ed25519 > audit-key
for login in app worker migrator auditor backup; do
  password=$(openssl rand -hex 24)
  echo "alter role ia_$login password '$password';" >> passwords.sql
  echo "postgresql://ia_$login:$password@postgres/integration" > "$login-url"
done
# Readable for the account in a container, which is none of this machine; the folder is closed.
chmod 0444 ./*
cd - > /dev/null
mv "$folder.new" "$folder"
echo "wrote $folder: keep a copy of secret-key and audit-key elsewhere"
