package containerd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/containerd/containerd/v2/cmd/containerd/builtins" // every plugin that containerd itself has
	"github.com/containerd/containerd/v2/cmd/containerd/server"
	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/log"
)

// Serve runs containerd until ctx ends. Containers outlive it.
func Serve(ctx context.Context, c Config) error {
	if err := c.check(); err != nil {
		return err
	}
	config := c.server()
	if err := server.CreateTopLevelDirectories(config); err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	if err := os.MkdirAll(c.shims(), 0o700); err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	if err := c.writeCNI(); err != nil {
		return fmt.Errorf("containerd: CNI configuration: %w", err)
	}
	// The shim is looked up on PATH, by containerd and by shims that start others.
	if err := os.Setenv("PATH", c.Tools+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	if err := mount.SetTempMountLocation(filepath.Join(c.Root, "tmpmounts")); err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	if _, err := mount.CleanupTempMounts(0); err != nil {
		log.G(ctx).WithError(err).Warn("temporary mounts of a containerd that was killed")
	}
	// The plugins keep the context that they are made with: it must outlive the server.
	srv, err := server.New(context.WithoutCancel(ctx), config)
	if err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	defer srv.Stop()
	if err := srv.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	<-ctx.Done()
	return nil
}
