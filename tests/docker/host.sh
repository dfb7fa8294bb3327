# A host of its own for docker or podman: fresh network, mount and process namespaces around this
# shell. $1: a directory for what must outlive the mounts. $2: which of the two.
set -e
work=$1 engine=$2
mount --make-rprivate /
for place in /run /var/lib/docker /var/lib/containerd /var/lib/containers /etc/containers; do
  mkdir -p $place
  mount -t tmpfs none $place
done
mount -t sysfs none /sys
mount -t tmpfs none /sys/fs/cgroup
if [ "$(grep -c cgroup2 /proc/filesystems)" -gt 0 ] && [ ! -s /proc/cgroups ]; then
  mount -t cgroup2 none /sys/fs/cgroup
fi
for controller in $(awk '$4 == 1 { print $1 }' /proc/cgroups); do
  mkdir -p /sys/fs/cgroup/$controller
  mount -t cgroup -o $controller none /sys/fs/cgroup/$controller || rmdir /sys/fs/cgroup/$controller
done
if [ $engine = docker ]; then
  cp -r /etc/ufw $work/ufw
  mount --bind $work/ufw /etc/ufw
fi
# no waiting until an IPv6 address is known to be nobody else's
sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip link set lo up
ip netns add wan
ip link add eth0 type veth peer name wan0 netns wan
ip addr add 192.0.2.10/24 dev eth0
ip -6 addr add 2001:db8::10/64 dev eth0 nodad
ip link set eth0 up
ip -n wan addr add 192.0.2.1/24 dev wan0
ip -n wan -6 addr add 2001:db8::1/64 dev wan0 nodad
ip -n wan addr add 203.0.113.9/32 dev lo
ip -n wan link set lo up
ip -n wan link set wan0 up
ip -n wan route add 172.16.0.0/12 via 192.0.2.10
ip -n wan -6 route add fd00::/8 via 2001:db8::10
ip route add default via 192.0.2.1
ip -6 route add default via 2001:db8::1
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
if [ $engine = podman ]; then
  cat >/etc/containers/storage.conf <<E
[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
E
  cat >/etc/containers/containers.conf <<E
[containers]
cgroups = "disabled"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
E
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >/etc/containers/policy.json
  touch /run/ready
  exec sleep infinity
fi
exec dockerd --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs \
  -H unix:///run/docker.sock >$work/dockerd.log 2>&1
