// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * State that survives mrkmd: between the configuration, the engine and the
 * store.
 */
#ifndef MRKM_STATE_H
#define MRKM_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "gikev2/gikev2.h"

/*
 * The name of a file: what is configured, or, when that is empty, `name` in
 * FRR's folder for what is kept.
 */
void mrkm_state_name(char *buf, size_t size, const char *configured,
		     const char *name);

/* Opens or closes the store as the configuration wants. */
void mrkm_state_apply(void);
void mrkm_state_fini(void);

/*
 * Whether this router may act as key server: not while it is to remember what
 * it does and cannot.
 */
bool mrkm_state_serves(void);

/* What keeps it from that, and what to do.  False: nothing does. */
bool mrkm_state_problem(char *buf, size_t size);

/* Callbacks of the engine. */
int mrkm_state_save(void *arg, const struct gikev2_record *record);
int mrkm_state_load(void *arg, enum gikev2_record_kind kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *visit_arg);

/* What else is kept, besides the engine's records: no number is used twice. */
enum mrkm_keep {
	MRKM_KEEP_EXCLUSION = 64, /* mrkm_exclusion.c */
	MRKM_KEEP_CERTIFICATES,	  /* mrkm_revoke.c */
};

/* As mrkm_state_save(); value NULL: there is none any more. */
void mrkm_state_keep(enum mrkm_keep kind, const uint8_t *key, size_t key_len,
		     const uint8_t *value, size_t value_len);

/* Sends the datagram when what it relies on is safe. */
int mrkm_state_output(void *arg, const struct gikev2_path *path,
		      const uint8_t *octets, size_t len);

/* Begins to make safe what the engine saved; what it put out is sent then. */
void mrkm_state_flush(void);

/* Returns when all of it is safe: what an operator was told to have happened. */
void mrkm_state_sync(void);

/* For show: where the state is, NULL when there is none; and how much. */
struct mrkm_state_status {
	const char *file;
	uint64_t records, octets, commits;
};

void mrkm_state_get_status(struct mrkm_state_status *status);

#endif /* MRKM_STATE_H */
