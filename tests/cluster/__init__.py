"""PostgreSQL on three machines that are folders: etcd, Patroni and HAProxy as in `deploy/`, and what can happen to them."""
