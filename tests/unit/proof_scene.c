// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server and a member that prove to each other who they are.
 */
#include <stdlib.h>

#include "proof_scene.h"

const struct pki_cert *scene_root;

struct side *scene_side(struct scene *scene, const struct world_node *node)
{
	return &scene->side[node - scene->world->nodes];
}

static void auth_policy(struct world_node *node, enum gikev2_role role,
			const struct gikev2_id *peer,
			struct gikev2_auth_policy *policy)
{
	struct scene *scene = node->world->user;
	struct side *side = scene_side(scene, node);

	(void)role;
	(void)peer;
	side->asked++;
	*policy = (struct gikev2_auth_policy){
		.own = side->own,
		.peer = side->peer,
		.credentials = side->credentials,
		.credential_count = side->credential_count,
		.anchors = side->anchors,
		.wall_clock = scene->clock,
	};
}

/* ------------------------------------------------------------------- sides */

void side_show_nothing(struct side *side)
{
	while (side->credential_count)
		gikev2_credential_free(
			(struct gikev2_credential *)
				side->credentials[--side->credential_count]);
}

static void show(struct side *side, EVP_PKEY *pkey,
		 const struct gikev2_chunk *certs, size_t count)
{
	struct gikev2_credential *credential;
	char problem[GIKEV2_PROBLEM_MAX];
	struct gikev2_key *key;

	assert_true(side->credential_count < CREDENTIALS_MAX);
	assert_int_equal(gikev2_key_new(pkey, true, &key), 0);
	assert_int_equal(gikev2_credential_new(key, certs, count, &credential,
					       problem, sizeof(problem)),
			 0);
	gikev2_key_free(key);
	side->credentials[side->credential_count++] = credential;
}

void side_show_key(struct side *side, EVP_PKEY *pkey)
{
	show(side, pkey, NULL, 0);
}

void side_show(struct side *side, const struct pki_cert *cert,
	       const struct pki_cert *const *above, size_t count)
{
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];

	assert_true(count < GIKEV2_CERTS_MAX);
	certs[0] = cert->der;
	for (size_t i = 0; i < count; i++)
		certs[1 + i] = above[i]->der;
	show(side, cert->key, certs, 1 + count);
}

void side_trust_nothing(struct side *side)
{
	gikev2_anchors_free(side->anchors);
	side->anchors = gikev2_anchors_new();
	assert_non_null(side->anchors);
}

void side_trust(struct side *side, enum gikev2_trust kind,
		struct gikev2_chunk der)
{
	assert_int_equal(gikev2_anchors_add(side->anchors, kind, der), 0);
}

const struct pki_cert *scene_cert(const struct pki_cert *issuer,
				  const char *name, struct pki_spec spec)
{
	char subject[128], names[128];

	snprintf(subject, sizeof(subject), SUBJECT("%s"), name);
	snprintf(names, sizeof(names), "DNS:%s", name);
	if (!spec.subject)
		spec.subject = subject;
	if (!spec.names)
		spec.names = names;
	return pki_issue(issuer, &spec);
}

/* ------------------------------------------------------------------- scene */

struct world_node *scene_add(struct scene *scene, const char *name)
{
	struct world_node *node = world_add(scene->world, name);
	struct side *side = scene_side(scene, node);

	side->own = side->peer = GIKEV2_BY_CERTIFICATE;
	side_trust_nothing(side);
	side_trust(side, GIKEV2_TRUST_ANCHOR, scene_root->der);
	side_show(side, pki_router(scene_root, name), NULL, 0);
	return node;
}

struct scene *scene_new(uint64_t seed, bool ike_auth)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	if (!scene_root)
		scene_root = pki_ca(NULL, SUBJECT("Root"));
	scene->clock = PKI_NOW;
	scene->ike_auth = ike_auth;
	scene->world = world_new(seed);
	scene->world->user = scene;
	scene->world->auth_policy = auth_policy;
	scene->ks = scene_add(scene, KS_NAME);
	scene->gm = scene_add(scene, GM_NAME);
	world_acquaint(scene->ks, scene->gm, "secret", "secret");
	world_serve(scene->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	return scene;
}

void scene_free(struct scene *scene)
{
	size_t count = scene->world->node_count;

	world_free(scene->world);
	for (size_t i = 0; i < count; i++) {
		side_show_nothing(&scene->side[i]);
		gikev2_anchors_free(scene->side[i].anchors);
	}
	free(scene);
}

void scene_join(struct scene *scene)
{
	scene->gm->member_config.ike_auth = scene->ike_auth;
	world_join(scene->gm, scene->ks, WORLD_ALL_ALGORITHMS);
}

void scene_init(struct scene *scene)
{
	scene_join(scene);
	assert_true(world_step(scene->world, GIKEV2_NEVER));
	assert_true(world_step(scene->world, GIKEV2_NEVER));
	assert_int_equal(scene_ike(scene->gm)->state, GIKEV2_IKE_AUTH_SENT);
	assert_int_equal(scene_ike(scene->ks)->state, GIKEV2_IKE_HALF_OPEN);
}

struct gikev2_ike *scene_ike(const struct world_node *node)
{
	assert_non_null(node->engine->ikes);
	assert_null(node->engine->ikes->next);
	return node->engine->ikes;
}

uint64_t scene_count(const struct world_node *node, enum gikev2_err err)
{
	return gikev2_counters(node->engine)[err];
}
