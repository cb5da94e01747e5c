#!/usr/bin/env bash
# Certificates for TLS between the nodes of a Ray cluster, in ~/.ray/tls (cluster/README.md says how they are used):
#   bash cluster/tls.sh authority   once, on your machine: what vouches for the nodes
#   bash cluster/tls.sh node        on a node that has ca.crt and ca.key: its certificate; prints its environment
set -euo pipefail
umask 077
mkdir -p ~/.ray/tls
cd ~/.ray/tls
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

case "${1:-}" in
  authority)
    if [ -e ca.key ]; then
      echo "$PWD/ca.key is there: nodes have certificates from it. To make another, remove it first." >&2
      exit 1
    fi
    openssl req -x509 "${new_key[@]}" -days 365 -subj "/CN=Ray cluster" -keyout ca.key -out ca.crt
    ;;
  node)
    # Ray's processes reach each other by this address, and those of one node by the loopback's, too.
    address=$(python -c 'import ray.util; print(ray.util.get_node_ip_address())')
    openssl req "${new_key[@]}" -subj "/CN=Ray node" -keyout node.key -out node.csr
    openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out node.crt \
      -extfile <(echo "subjectAltName=IP:$address,IP:127.0.0.1,DNS:localhost")
    echo "export RAY_USE_TLS=1 RAY_TLS_CA_CERT=$PWD/ca.crt"
    echo "export RAY_TLS_SERVER_CERT=$PWD/node.crt RAY_TLS_SERVER_KEY=$PWD/node.key"
    ;;
  *)
    echo "usage: bash cluster/tls.sh authority | node" >&2
    exit 2
    ;;
esac
