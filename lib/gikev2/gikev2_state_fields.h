// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of a key server's state is saved, field by field: each of these writes its
 * structure to the archive, or fills it from there; the archive keeps errors.  Each
 * begins with a version of its own, and reads all earlier ones.
 */
#ifndef GIKEV2_STATE_FIELDS_H
#define GIKEV2_STATE_FIELDS_H

#include "gikev2/gikev2_int.h"

struct gikev2_archive;

void gikev2_ike_fields(struct gikev2_archive *archive, struct gikev2_ike *ike);

/* The SA that a member registered over: whose, and its SPI there. */
struct gikev2_gm_ike {
	bool present, initiator;
	uint8_t spi[GIKEV2_SPI_LEN];
};

void gikev2_gm_fields(struct gikev2_archive *archive, struct gikev2_gm *gm,
		      struct gikev2_gm_ike *ike);

/* A key of a group's key tree. */
void gikev2_node_fields(struct gikev2_archive *archive,
			struct gikev2_lkh_key *key);

/* What of a group is not in its configuration. */
struct gikev2_group_state {
	struct gikev2_generations *generations;
	struct gikev2_multicast *multicast;
	uint32_t *last_spi; /* of an IPsec SA, of all groups */
	struct gikev2_group *group;
	bool sign;	       /* the Rekey SA's messages are signed */
	uint8_t degree, depth; /* of the tree; 0: none */
};

void gikev2_group_fields(struct gikev2_archive *archive,
			 struct gikev2_group_state *state);

#endif /* GIKEV2_STATE_FIELDS_H */
