package disk

import (
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
)

// Command is `orrery disk`.
func Command() *cobra.Command {
	var backing, mountpoint, socket string
	cmd := &cobra.Command{
		Use:           "disk",
		Short:         "Mount a directory as a disk that can be told to stall, fail, and lose what was not synced",
		Example:       "  orrery disk --backing data --mount mnt --control disk.sock",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			for _, path := range []*string{&backing, &mountpoint, &socket} {
				absolute, err := filepath.Abs(*path)
				if err != nil {
					return err
				}
				*path = absolute
			}
			return Serve(ctx, backing, mountpoint, socket)
		},
	}
	cmd.Flags().StringVar(&backing, "backing", "", "directory that holds the contents of the disk")
	cmd.Flags().StringVar(&mountpoint, "mount", "", "directory on which the disk is mounted")
	cmd.Flags().StringVar(&socket, "control", "", "unix socket at which the disk is told its faults")
	for _, name := range []string{"backing", "mount", "control"} {
		cmd.MarkFlagRequired(name)
	}
	return cmd
}
