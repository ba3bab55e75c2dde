// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Rekey SA (RFC 9838 section 2.4.1): one a group, from the key server to
 * all its members.
 */
#ifndef GIKEV2_KEK_H
#define GIKEV2_KEK_H

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_crypto.h"
#include "gikev2/gikev2_proto.h"
#include "gikev2/gikev2_sign.h"

/* SPIs of a Rekey SA's successor that are remembered. */
#define GIKEV2_NEXT_SPIS_MAX 4

/* Highest Message ID that is used: a higher one could not be followed. */
#define GIKEV2_KEK_ID_LAST (UINT32_MAX - 1)

struct gikev2_fragments;

struct gikev2_kek {
	bool alive;
	bool profile; /* at a member: of a server that shares our profile */
	uint8_t spi[GIKEV2_KEK_SPI_LEN]; /* both SPIs of the IKE header */
	uint32_t next_id; /* Message ID: of the next one sent; lowest accepted */
	/* GSA_NEXT_SPI: of the Rekey SA that will take its place */
	uint8_t next_spi[GIKEV2_NEXT_SPIS_MAX][GIKEV2_KEK_SPI_LEN];
	uint8_t next_spi_count;
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ; /* NULL with AEAD */
	const struct gikev2_kwa *kwa;
	uint8_t gsk_e[GIKEV2_SK_E_MAX];
	uint8_t gsk_a[GIKEV2_SK_A_MAX];
	uint8_t gsk_w[GIKEV2_KWK_MAX];
	uint64_t iv;  /* last one used, at the server */
	uint64_t end; /* GSA_KEY_LIFETIME is over; microseconds */
	struct gikev2_endpoint destination, source;
	/* Digital Signature; NULL: Implicit */
	const struct gikev2_sign_alg *sign_alg;
	struct gikev2_key *auth_key;	    /* owned; public half at a member */
	struct gikev2_fragments *fragments; /* of a message on its way in */
};

#define GIKEV2_KEK_KEYMAT_MAX                                                  \
	(GIKEV2_SK_E_MAX + GIKEV2_SK_A_MAX + GIKEV2_KWK_MAX)

/* Keying material of an SA of these transforms (section 3.4), octets. */
size_t gikev2_kek_keymat_len(const struct gikev2_kek *kek);
/* Both ways between the keys and the material they are handed out in. */
void gikev2_kek_keymat_put(const struct gikev2_kek *kek, uint8_t *out);
void gikev2_kek_keymat_get(struct gikev2_kek *kek, const uint8_t *in);

/*
 * A fresh one by the group's config, under the SPI that `before` has promised.
 * NULL: it is the first.  0 or a negated reason.
 */
int gikev2_kek_draw(struct gikev2 *engine,
		    const struct gikev2_group_config *config,
		    const struct gikev2_kek *before, uint64_t now,
		    struct gikev2_kek *kek);

/* What there is to show of it; that of the server alone is left out. */
void gikev2_kek_status(const struct gikev2_kek *kek,
		       struct gikev2_rekey_status *status);

/* Wipes and frees what it holds; it may be used again. */
void gikev2_kek_wipe(struct gikev2_kek *kek);

#endif /* GIKEV2_KEK_H */
