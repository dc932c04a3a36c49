// Check one entry of an evidence pack with the Go sumdb packages: the signed note of the
// checkpoint, and the inclusion of the entry in its tree. See README.md for how to run it.
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: check LOG-VKEY PROOF.tlog-proof ENTRY")
		os.Exit(2)
	}
	proof, err := os.ReadFile(os.Args[2])
	fail(err)
	entry, err := os.ReadFile(os.Args[3])
	fail(err)
	message, err := check(os.Args[1], string(proof), entry)
	fail(err)
	fmt.Println(message)
}

func check(vkey, proof string, entry []byte) (string, error) {
	head, signed, _ := strings.Cut(proof, "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return "", fmt.Errorf("not a tlog-proof")
	}
	index, err := strconv.ParseInt(lines[1][len("index "):], 10, 64)
	if err != nil {
		return "", err
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", err
		}
		path = append(path, hash)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	fields := strings.Split(opened.Text, "\n")
	if len(fields) != 4 || fields[0] != verifier.Name() {
		return "", fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return "", err
	}
	root, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", fmt.Errorf("not a root: %s", fields[2])
	}
	err = tlog.CheckRecord(path, size, tlog.Hash(root), index, tlog.RecordHash(entry))
	return fmt.Sprintf("ok: entry %d of %d in %s", index, size, fields[0]), err
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "does not hold:", err)
		os.Exit(10)
	}
}
