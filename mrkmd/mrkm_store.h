// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must survive this process, in a file: an SQLite database, each value
 * sealed with AES-256-GCM under a key that is not in it.
 *
 * No libfrr in here, so that tests and tools can use it without a daemon.
 */
#ifndef MRKM_STORE_H
#define MRKM_STORE_H

#include "gikev2/gikev2.h"

#define MRKM_STORE_PROBLEM_MAX 512

struct mrkm_store;

/* The two clocks at one moment, microseconds, and which boot that was in. */
struct mrkm_store_clock {
	uint64_t monotonic, wall;
	char boot[40];
};

/* Reads them; an unknown boot is one that equals no other. */
void mrkm_store_clock(struct mrkm_store_clock *clock);

/*
 * Opens the database at `path`, or makes it.  `key` names what it is sealed
 * under: a file (with or without "file:"), made together with the database and
 * readable by its owner alone, or a URI of an Ed25519 private key.
 *
 * Nobody else may have it open.  0, or a negated errno and a sentence in
 * `problem` (MRKM_STORE_PROBLEM_MAX) that says what to do; a database that
 * cannot be used is left as it is.
 */
int mrkm_store_open(const char *path, const char *key,
		    const struct mrkm_store_clock *clock,
		    struct mrkm_store **store, char *problem);
/* Drops what was not committed. */
void mrkm_store_close(struct mrkm_store *store);

/*
 * As the callbacks of the engine (struct gikev2_callbacks); kinds beside the
 * engine's own are from MRKM_STORE_KIND_MIN on.  What is saved is safe after
 * mrkm_store_commit() only.
 */
int mrkm_store_save(struct mrkm_store *store,
		    const struct gikev2_record *record);
int mrkm_store_load(struct mrkm_store *store, int kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *arg);

#define MRKM_STORE_KIND_MIN 64

/*
 * Makes everything saved so far safe, all or nothing.  0, or a negated errno
 * after any failure since the last commit: then nothing of it is safe, the
 * store takes no more, and mrkm_store_problem() says what to do.
 */
int mrkm_store_commit(struct mrkm_store *store,
		      const struct mrkm_store_clock *clock);

/*
 * Was the store last written in another boot, and later than it is now by the
 * wall clock?  Then how old what is in it is cannot be told.
 */
bool mrkm_store_clock_went_back(const struct mrkm_store *store);

/* Has something been saved since the last commit? */
bool mrkm_store_pending(const struct mrkm_store *store);

/* What is wrong with it; NULL: nothing. */
const char *mrkm_store_problem(const struct mrkm_store *store);

struct mrkm_store_status {
	uint64_t records, octets, commits;
};

/* The size has SQLite compile a statement; the rest of it is at hand. */
void mrkm_store_get_status(struct mrkm_store *store,
			   struct mrkm_store_status *status);

/* All of it but the size, which stays what it was. */
void mrkm_store_count(const struct mrkm_store *store,
		      struct mrkm_store_status *status);

#endif /* MRKM_STORE_H */
