// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server and a member that prove to each other who they are, and a PKI
 * above them: for tests of authentication.
 */
#ifndef PROOF_SCENE_H
#define PROOF_SCENE_H

#include "pki.h"
#include "test_util.h"
#include "world.h"

#define KS_NAME "ks.example.net"
#define GM_NAME "r1.example.net"
#define SUBJECT(name) "O=Example,CN=" name
#define CREDENTIALS_MAX 2

/* What one router shows and takes. */
struct side {
	uint8_t own, peer; /* GIKEV2_BY_* */
	const struct gikev2_credential *credentials[CREDENTIALS_MAX];
	size_t credential_count;
	struct gikev2_anchors *anchors;
	unsigned int asked; /* by the engine */
};

struct scene {
	struct world *world;
	struct world_node *ks, *gm;
	struct side side[WORLD_NODES_MAX]; /* by node */
	int64_t clock;			   /* seconds since 1970 */
	bool ike_auth;
};

/* Made by the first scene; pki_clear() and NULL for a fresh start. */
extern const struct pki_cert *scene_root;

/* Certificates by Ed25519 below one root on both sides; all is right. */
struct scene *scene_new(uint64_t seed, bool ike_auth);
void scene_free(struct scene *scene);

struct side *scene_side(struct scene *scene, const struct world_node *node);

/* One more router, which uses the same trust anchors. */
struct world_node *scene_add(struct scene *scene, const char *name);

/* The side shows this one first, with what is above it but for anchors. */
void side_show(struct side *side, const struct pki_cert *cert,
	       const struct pki_cert *const *above, size_t count);
/* ... none, but a bare key. */
void side_show_key(struct side *side, EVP_PKEY *pkey);
/* It forgets what it showed. */
void side_show_nothing(struct side *side);
void side_trust_nothing(struct side *side);
void side_trust(struct side *side, enum gikev2_trust kind,
		struct gikev2_chunk der);

/* A router's certificate that differs from others in what `spec` says. */
const struct pki_cert *scene_cert(const struct pki_cert *issuer,
				  const char *name, struct pki_spec spec);

/* The member starts, in the exchange that the scene is about. */
void scene_join(struct scene *scene);
/* ... up to the first protected message, which is on its way. */
void scene_init(struct scene *scene);

/* The only SA of a node. */
struct gikev2_ike *scene_ike(const struct world_node *node);

uint64_t scene_count(const struct world_node *node, enum gikev2_err err);

#endif /* PROOF_SCENE_H */
