// A peer for the ledger's tests: the Go sumdb packages and the witness formats of
// transparency-dev. It reads one JSON command per line and answers each with one line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	cosign "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type command struct {
	Do                   string
	Vkeys                []string
	Note, Text, Root     []byte
	OldRoot, Leaf        []byte
	Index, Size, OldSize int64
	Path                 [][]byte
	Leaves               [][]byte
	Folder, Name         string
}

type answer struct {
	Problem     string
	Signers     []string     `json:",omitempty"`
	Vkeys       []string     `json:",omitempty"`
	Note        []byte       `json:",omitempty"`
	Roots       [][]byte     `json:",omitempty"`
	Inclusion   [][][]byte   `json:",omitempty"`
	Consistency [][][][]byte `json:",omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<28)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		var asked command
		var told answer
		err := json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			err = run(&asked, &told)
		}
		if err != nil {
			told = answer{Problem: err.Error()}
		}
		line, _ := json.Marshal(told)
		out.Write(append(line, '\n'))
		out.Flush()
	}
}

func run(asked *command, told *answer) error {
	switch asked.Do {
	case "note":
		return open(asked, told)
	case "inclusion":
		path, err := hashes(asked.Path)
		if err != nil {
			return err
		}
		root, leaf := hash(asked.Root), hash(asked.Leaf)
		return tlog.CheckRecord(path, asked.Size, root, asked.Index, leaf)
	case "consistency":
		path, err := hashes(asked.Path)
		if err != nil {
			return err
		}
		return tlog.CheckTree(path, asked.Size, hash(asked.Root), asked.OldSize, hash(asked.OldRoot))
	case "tree":
		return grow(asked, told)
	case "tiles":
		return readTiles(asked, told)
	case "sign":
		return sign(asked, told)
	}
	return fmt.Errorf("unknown command %q", asked.Do)
}

func hash(data []byte) (found tlog.Hash) {
	copy(found[:], data)
	return found
}

func hashes(path [][]byte) (found []tlog.Hash, err error) {
	for _, one := range path {
		if len(one) != tlog.HashSize {
			return nil, fmt.Errorf("a hash of %d bytes", len(one))
		}
		found = append(found, hash(one))
	}
	return found, nil
}

func plain(path []tlog.Hash) [][]byte {
	found := [][]byte{}
	for _, one := range path {
		found = append(found, append([]byte(nil), one[:]...))
	}
	return found
}

// verifier returns the verifier of a log (0x01) or of a witness (0x04, 0x06).
func verifier(vkey string) (note.Verifier, error) {
	if found, err := note.NewVerifier(vkey); err == nil {
		return found, nil
	}
	if found, err := cosign.NewMLDSAVerifier(vkey); err == nil {
		return found, nil
	}
	return cosign.NewVerifierForCosignatureV1(vkey)
}

func open(asked *command, told *answer) error {
	var known []note.Verifier
	for _, vkey := range asked.Vkeys {
		found, err := verifier(vkey)
		if err != nil {
			return err
		}
		known = append(known, found)
	}
	opened, err := note.Open(asked.Note, note.VerifierList(known...))
	if err != nil {
		return err
	}
	told.Note = []byte(opened.Text)
	for _, one := range opened.Sigs {
		told.Signers = append(told.Signers, one.Name)
	}
	return nil
}

type store []tlog.Hash

func (s store) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, s[index])
	}
	return found, nil
}

// grow adds leaves one by one and returns the root of every size with all its proofs.
func grow(asked *command, told *answer) error {
	var kept store
	for number, leaf := range asked.Leaves {
		more, err := tlog.StoredHashes(int64(number), leaf, kept)
		if err != nil {
			return err
		}
		kept = append(kept, more...)
		if err := prove(kept, int64(number)+1, told, number == len(asked.Leaves)-1); err != nil {
			return err
		}
	}
	return nil
}

// prove appends the root of a tree and its consistency proofs, and of the last its inclusion proofs.
func prove(from tlog.HashReader, size int64, told *answer, last bool) error {
	root, err := tlog.TreeHash(size, from)
	if err != nil {
		return err
	}
	told.Roots = append(told.Roots, append([]byte(nil), root[:]...))
	var proofs [][][]byte
	for old := int64(1); old <= size; old++ {
		path, err := tlog.ProveTree(size, old, from)
		if err != nil {
			return err
		}
		proofs = append(proofs, plain(path))
	}
	told.Consistency = append(told.Consistency, proofs)
	for index := int64(0); last && index < size; index++ {
		path, err := tlog.ProveRecord(size, index, from)
		if err != nil {
			return err
		}
		told.Inclusion = append(told.Inclusion, plain(path))
	}
	return nil
}

// folder reads tiles as tlog-tiles names them: without the height, which is 8.
type folder string

func (f folder) Height() int                         { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		name := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(string(f), name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func readTiles(asked *command, told *answer) error {
	tree := tlog.Tree{N: asked.Size, Hash: hash(asked.Root)}
	return prove(tlog.TileHashReader(tree, folder(asked.Folder)), asked.Size, told, true)
}

// sign makes keys and returns a note signed by a log and by a witness of each kind.
func sign(asked *command, told *answer) error {
	secret, vkey, err := note.GenerateKey(nil, asked.Name)
	if err != nil {
		return err
	}
	log, err := note.NewSigner(secret)
	if err != nil {
		return err
	}
	oldSecret, oldVkey, err := note.GenerateKey(nil, "witness.example/ed25519")
	if err != nil {
		return err
	}
	old, err := cosign.NewSignerForCosignatureV1(oldSecret)
	if err != nil {
		return err
	}
	if oldVkey, err = cosign.VKeyToCosignatureV1(oldVkey); err != nil {
		return err
	}
	newSecret, newVkey, err := cosign.GenerateMLDSAKey("witness.example/mldsa")
	if err != nil {
		return err
	}
	young, err := cosign.NewMLDSASigner(newSecret)
	if err != nil {
		return err
	}
	told.Vkeys = []string{vkey, oldVkey, newVkey}
	told.Note, err = note.Sign(&note.Note{Text: string(asked.Text)}, log, old, young)
	return err
}
