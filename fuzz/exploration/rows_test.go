package exploration

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const lastRow = 124 // of INVARIANTS.md

// Goal: the table of rows is complete and true. Method: every row is in it once, and a model that it names speaks of that row.
func TestRows(t *testing.T) {
	text, err := os.ReadFile("../../model/doc.go")
	require.NoError(t, err)
	places := map[int]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\d+) +(\S.*)$`).FindAllStringSubmatch(string(text), -1) {
		row, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		require.Empty(t, places[row], "row %d is in the table twice", row)
		places[row] = m[2]
	}
	spoken := map[string]map[int]bool{}
	for row := 1; row <= lastRow; row++ {
		place := places[row]
		require.NotEmpty(t, place, "row %d is not in the table", row)
		if strings.HasPrefix(place, "checker ") || strings.HasPrefix(place, "not ") {
			require.Contains(t, place, " ", "row %d has no reason", row)
			continue
		}
		models, _, _ := strings.Cut(place, ";")
		for _, name := range strings.Split(models, ", ") {
			if spoken[name] == nil {
				spoken[name] = rowsOf(t, name)
			}
			assert.True(t, spoken[name][row], "model/%s does not speak of row %d", name, row)
		}
	}
}

// rowsOf are the rows that a model's sources speak of: "row 5", "rows 5, 6 and 8", "rows 5 to 8".
func rowsOf(t *testing.T, name string) map[int]bool {
	files, err := filepath.Glob("../../model/" + name + "/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files, "there is no model/%s", name)
	rows := map[int]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		joined := strings.ReplaceAll(string(text), "\n//", "")
		for _, m := range regexp.MustCompile(`(?i)\brows? ((?:\d+(?:, | and | to |-)?)+)`).FindAllStringSubmatch(joined, -1) {
			last, through := 0, false
			for _, word := range regexp.MustCompile(`\d+|to|-`).FindAllString(m[1], -1) {
				n, err := strconv.Atoi(word)
				if err != nil {
					through = true
					continue
				}
				for row := last + 1; through && row < n; row++ {
					rows[row] = true
				}
				rows[n], last, through = true, n, false
			}
		}
	}
	return rows
}
