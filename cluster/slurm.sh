#!/usr/bin/env bash
#SBATCH --job-name=nids
#SBATCH --nodes=2                    # CHANGE
#SBATCH --ntasks-per-node=1          # one Ray node on each
#SBATCH --cpus-per-task=16           # CHANGE
#SBATCH --gpus-per-task=1            # CHANGE: 0 for trials on CPUs
#SBATCH --time=08:00:00              # CHANGE
#SBATCH --signal=B:TERM@180          # the search ends gracefully before the time is up, and can be resumed
#SBATCH --output=nids-%j.log
# One search with a Ray cluster of its own, on the nodes of one SLURM job:
#   sbatch cluster/slurm.sh search large --storage "$HOME/runs" --name first
#   sbatch cluster/slurm.sh resume first --storage "$HOME/runs"
# The storage is a folder that all nodes see, or a bucket. Runs the environment that is active where sbatch is called.
set -euo pipefail

RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(32))') # of this job alone
RAY_USAGE_STATS_ENABLED=0
RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=1
RAY_enable_metrics_collection=0
AUTOSCALER_METRIC_PORT=65536 # no port
DASHBOARD_METRIC_PORT=65536
RAY_TMPDIR=/tmp # a scratch folder's path is often too long for Ray's sockets
SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK # srun does not take it from the job since SLURM 22.05
export RAY_AUTH_MODE RAY_AUTH_TOKEN RAY_USAGE_STATS_ENABLED RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO RAY_TMPDIR
export SRUN_CPUS_PER_TASK RAY_enable_metrics_collection AUTOSCALER_METRIC_PORT DASHBOARD_METRIC_PORT

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
port=$((20000 + SLURM_JOB_ID % 10000)) # another job may share the node
size=(--num-cpus="$SLURM_CPUS_PER_TASK" --num-gpus="${SLURM_GPUS_PER_TASK:-0}" --disable-usage-stats --block)

# Ray lets all users of a node write to what it keeps there: they cannot enter the folder above it.
start='folder=$(mktemp -d "$RAY_TMPDIR/nids-XXXXXXXX") && trap "rm -rf $folder" EXIT && ray start --temp-dir="$folder/ray" "$@"'

srun --nodes=1 --ntasks=1 --nodelist="$head" \
  bash -c "$start" start --head --node-ip-address="$head" --port="$port" --include-dashboard=false "${size[@]}" &
head_node=$!
until python -c "import socket; socket.create_connection(('$head', $port), 5).close()" 2> /dev/null; do
  kill -0 "$head_node" # ends this script, and with it the job, if the head has not come up
  sleep 2
done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
  workers=$((SLURM_JOB_NUM_NODES - 1))
  srun --nodes="$workers" --ntasks="$workers" --exclude="$head" \
    bash -c "$start" start --address="$head:$port" "${size[@]}" &
  # A search counts its slots when it starts.
  python - "$head:$port" "$SLURM_JOB_NUM_NODES" << 'END'
import sys, time
import ray

ray.init(sys.argv[1], log_to_driver=False, logging_level="ERROR")
deadline = time.monotonic() + 300
while (alive := sum(node["Alive"] for node in ray.nodes())) < int(sys.argv[2]):
    if time.monotonic() > deadline:
        sys.exit(f"{alive} of {sys.argv[2]} nodes are up after five minutes")
    time.sleep(1)
END
fi

# The driver runs beside the head; what SLURM sends to this script, it gets.
nids "$@" --address "$head:$port" &
driver=$!
trap 'kill -TERM "$driver"' TERM
wait "$driver" && status=0 || status=$?
# A trap ends a wait, after which the driver still writes its results.
if kill -0 "$driver" 2> /dev/null; then wait "$driver" && status=0 || status=$?; fi
kill $(jobs -p) 2> /dev/null || true
exit "$status"
