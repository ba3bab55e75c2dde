// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structures to octets and back, for state that outlives the process.
 *
 * One function lists the fields of a structure; whether it writes or reads
 * them is the archive's affair, so that the two cannot drift apart.  Integers
 * are written big endian.
 */
#ifndef GIKEV2_ARCHIVE_H
#define GIKEV2_ARCHIVE_H

#include "gikev2/gikev2_int.h"

struct gikev2_archive {
	bool loading;
	int err;       /* the first thing that went wrong, negated */
	int64_t shift; /* loading: microseconds to add to each instant */
	uint8_t *ptr;  /* saving: owned, grows; loading: borrowed */
	size_t len, size, at;
};

/*
 * Begins to save, in the same memory as before; to load `in`, which must live
 * as long.  Every function below does nothing once `err` is set: -NO_MEMORY,
 * -STATE for octets that do not add up.
 */
void gikev2_archive_save(struct gikev2_archive *archive);
void gikev2_archive_load(struct gikev2_archive *archive, const uint8_t *in,
			 size_t len, int64_t shift);
/* Loading: all was read, or that is an error.  The archive's `err`. */
int gikev2_archive_end(struct gikev2_archive *archive);
/* Wipes what was saved. */
void gikev2_archive_wipe(struct gikev2_archive *archive);
void gikev2_archive_free(struct gikev2_archive *archive);

/* A version, which must not be newer than `version`; returns what it is. */
uint8_t gikev2_archive_version(struct gikev2_archive *archive, uint8_t version);

/* `field` is an unsigned integer or a bool of `size` octets, host order. */
void gikev2_archive_int(struct gikev2_archive *archive, void *field,
			size_t size);
#define GIKEV2_ARCHIVE_INT(archive, field)                                     \
	gikev2_archive_int(archive, &(field), sizeof(field))

/* An instant; 0 (never set) and GIKEV2_NEVER stay what they are. */
void gikev2_archive_time(struct gikev2_archive *archive, uint64_t *instant);
void gikev2_archive_octets(struct gikev2_archive *archive, void *octets,
			   size_t len);
/* Owned octets; none when the length is 0. */
void gikev2_archive_owned(struct gikev2_archive *archive,
			  struct gikev2_octets *octets);
/* A number of items, at most `max`. */
void gikev2_archive_count(struct gikev2_archive *archive, size_t *count,
			  size_t max);
void gikev2_archive_endpoint(struct gikev2_archive *archive,
			     struct gikev2_endpoint *endpoint);
void gikev2_archive_row(struct gikev2_archive *archive,
			struct keytable_row *row);
/* Algorithms by their IDs; loading, one that this OpenSSL lacks is -STATE. */
void gikev2_archive_encr(struct gikev2_archive *archive,
			 const struct gikev2_encr **encr);
void gikev2_archive_integ(struct gikev2_archive *archive,
			  const struct gikev2_integ **integ);
void gikev2_archive_prf(struct gikev2_archive *archive,
			const struct gikev2_prf_alg **prf);
void gikev2_archive_ke(struct gikev2_archive *archive,
		       const struct gikev2_ke_alg **ke);
void gikev2_archive_kwa(struct gikev2_archive *archive,
			const struct gikev2_kwa **kwa);

#endif /* GIKEV2_ARCHIVE_H */
