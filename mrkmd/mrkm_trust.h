// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates: ours, those of whom we believe, and lists of revoked ones; as
 * the configuration names them, read anew when a file changes.
 */
#ifndef MRKM_TRUST_H
#define MRKM_TRUST_H

#include "gikev2/gikev2_store.h"
#include "mrkmd/mrkm_config.h"

/* One URI that is read. */
struct mrkm_trust_file {
	struct gikev2_store_stamp stamp;
	char problem[GIKEV2_PROBLEM_MAX]; /* empty: it was read */
};

/* What we show. */
struct mrkm_own {
	struct gikev2_store_stamp key, certificate;
	char problem[GIKEV2_PROBLEM_MAX];     /* empty: it was read */
	struct gikev2_credential *credential; /* NULL: of no use */
	struct gikev2_cert_info info;
};

/* Whom we believe, by name; with all intermediate CAs and CRLs. */
struct mrkm_anchor {
	struct mrkm_trust_file file;
	struct gikev2_anchors *anchors;
};

struct mrkm_trust {
	struct mrkm_trust_config config;
	struct mrkm_own own[MRKM_CERTIFICATES_MAX];
	const struct gikev2_credential *usable[MRKM_CERTIFICATES_MAX];
	size_t usable_count;
	struct mrkm_anchor anchor[MRKM_TRUST_ANCHORS_MAX];
	struct mrkm_trust_file crl[MRKM_CRLS_MAX];
	struct gikev2_anchors *all; /* of every name; NULL: out of memory */
};

/* What is not as before. */
#define MRKM_TRUST_OWN (1 << 0)	   /* our certificates */
#define MRKM_TRUST_OTHERS (1 << 1) /* trust anchors or CRLs */

/*
 * Reads what the configuration names and what changed since; what could not be
 * read is tried again.  Returns MRKM_TRUST_*.
 *
 * A trust anchor that cannot be read is not trusted.  A CRL that cannot be read
 * any more stays in force as it was; one that never could makes CRLs required,
 * so that nobody passes because a file is missing.
 */
unsigned int mrkm_trust_update(struct mrkm_trust *trust,
			       const struct mrkm_trust_config *config);

void mrkm_trust_fini(struct mrkm_trust *trust);

/* Those of one name, of all for ""; NULL: there is no such name. */
const struct gikev2_anchors *mrkm_trust_anchors(const struct mrkm_trust *trust,
						const char *name);

/*
 * What is wrong with the n-th certificate of ours, for this identity and at
 * this instant (seconds since 1970 UTC).  False, and an empty text: nothing.
 */
bool mrkm_trust_own_problem(const struct mrkm_trust *trust, size_t n,
			    const struct gikev2_id *identity, int64_t now,
			    char *buf, size_t size);

/* ... with any of ours; the first problem. */
bool mrkm_trust_owns_problem(const struct mrkm_trust *trust,
			     const struct gikev2_id *identity, int64_t now,
			     char *buf, size_t size);

/* ... with the trust anchors of that name ("": all), or a CRL. */
bool mrkm_trust_others_problem(const struct mrkm_trust *trust, const char *name,
			       char *buf, size_t size);

/* "2026-11-30 02:41:32 UTC" */
#define MRKM_TIME_TEXT 32
const char *mrkm_time_text(int64_t instant, char buf[MRKM_TIME_TEXT]);

#endif /* MRKM_TRUST_H */
