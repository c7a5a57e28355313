package node

import (
	"time"

	"github.com/spf13/pflag"
)

// Config are the durations and bounds by which nodes are judged, under upstream's names.
type Config struct {
	// GracePeriod is for how long a node may be quiet before it is doubted.
	GracePeriod time.Duration
	// Quarantine is for how long a node must be missing before its pods are collected.
	Quarantine time.Duration
	// EvictionRate is how many nodes of a zone are tainted a second, and SecondaryEvictionRate where a large zone is partially down.
	EvictionRate, SecondaryEvictionRate float64
	// UnhealthyZoneThreshold is the share of a zone's nodes from which on it is partially down, if they are more than FewNodes.
	UnhealthyZoneThreshold float64
	FewNodes               int
	// LargeClusterSizeThreshold is how many nodes a zone may have and still be small.
	LargeClusterSizeThreshold int
}

// DefaultConfig is upstream's.
func DefaultConfig() Config {
	return Config{
		GracePeriod: 50 * time.Second, Quarantine: 40 * time.Second,
		EvictionRate: 0.1, SecondaryEvictionRate: 0.01, UnhealthyZoneThreshold: 0.55, FewNodes: 2, LargeClusterSizeThreshold: 50,
	}
}

// Flags adds a flag for each of them; what c holds is the default.
func (c *Config) Flags(flags *pflag.FlagSet) {
	flags.DurationVar(&c.GracePeriod, "node-monitor-grace-period", c.GracePeriod, "for how long a node may be quiet before its condition is unknown")
	flags.DurationVar(&c.Quarantine, "pod-gc-quarantine", c.Quarantine, "for how long a node must be missing before its pods are removed")
	flags.Float64Var(&c.EvictionRate, "node-eviction-rate", c.EvictionRate, "how many nodes of a zone are tainted a second")
	flags.Float64Var(&c.SecondaryEvictionRate, "secondary-node-eviction-rate", c.SecondaryEvictionRate, "how many where a large zone is partially down")
	flags.Float64Var(&c.UnhealthyZoneThreshold, "unhealthy-zone-threshold", c.UnhealthyZoneThreshold, "the share of a zone's nodes from which on it is partially down")
	flags.IntVar(&c.LargeClusterSizeThreshold, "large-cluster-size-threshold", c.LargeClusterSizeThreshold, "how many nodes a zone may have and still be small")
}
