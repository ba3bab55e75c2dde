// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What of a key server's state is saved, field by field.
 */
#include <string.h>

#include "gikev2/gikev2_archive.h"
#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_state_fields.h"

#define GROUP_VERSION                                                          \
	4 /* 2: rolls that wait; 3: no past; 4: keys that end at once */
#define NODE_VERSION 1
#define GM_VERSION 4  /* likewise; 4: by what it proved itself */
#define IKE_VERSION 3 /* 2: how the peer proved who it is; 3: by what */

static void suite_fields(struct gikev2_archive *archive,
			 struct gikev2_suite *suite)
{
	gikev2_archive_encr(archive, &suite->encr);
	gikev2_archive_integ(archive, &suite->integ);
	gikev2_archive_prf(archive, &suite->prf);
	gikev2_archive_ke(archive, &suite->ke);
	gikev2_archive_kwa(archive, &suite->kwa);
	GIKEV2_ARCHIVE_INT(archive, suite->number);
}

static void id_fields(struct gikev2_archive *archive, struct gikev2_id **owned)
{
	struct gikev2_id id = { 0 };

	if (!archive->loading)
		memcpy(&id, *owned,
		       offsetof(struct gikev2_id, data) + (*owned)->len);
	GIKEV2_ARCHIVE_INT(archive, id.type);
	GIKEV2_ARCHIVE_INT(archive, id.len);
	gikev2_archive_octets(archive, id.data, id.len);
	if (!archive->loading || archive->err)
		return;
	*owned = gikev2_id_dup(&id);
	if (!*owned)
		archive->err = -GIKEV2_ERR_NO_MEMORY;
}

static void path_fields(struct gikev2_archive *archive,
			struct gikev2_path *path)
{
	gikev2_archive_endpoint(archive, &path->local);
	gikev2_archive_endpoint(archive, &path->remote);
	GIKEV2_ARCHIVE_INT(archive, path->natt);
}

void gikev2_ike_fields(struct gikev2_archive *archive, struct gikev2_ike *ike)
{
	uint8_t version = gikev2_archive_version(archive, IKE_VERSION);

	GIKEV2_ARCHIVE_INT(archive, ike->state);
	GIKEV2_ARCHIVE_INT(archive, ike->initiator);
	gikev2_archive_octets(archive, ike->spi_i, sizeof(ike->spi_i));
	gikev2_archive_octets(archive, ike->spi_r, sizeof(ike->spi_r));
	path_fields(archive, &ike->path);
	GIKEV2_ARCHIVE_INT(archive, ike->profile);
	GIKEV2_ARCHIVE_INT(archive, ike->fragmentation);
	GIKEV2_ARCHIVE_INT(archive, ike->wants);
	GIKEV2_ARCHIVE_INT(archive, ike->nat);
	GIKEV2_ARCHIVE_INT(archive, ike->send_id);
	GIKEV2_ARCHIVE_INT(archive, ike->recv_id);
	suite_fields(archive, &ike->suite);
	gikev2_archive_octets(archive, ike->sk_d, sizeof(ike->sk_d));
	gikev2_archive_octets(archive, ike->sk_ai, sizeof(ike->sk_ai));
	gikev2_archive_octets(archive, ike->sk_ar, sizeof(ike->sk_ar));
	gikev2_archive_octets(archive, ike->sk_ei, sizeof(ike->sk_ei));
	gikev2_archive_octets(archive, ike->sk_er, sizeof(ike->sk_er));
	GIKEV2_ARCHIVE_INT(archive, ike->iv);
	GIKEV2_ARCHIVE_INT(archive, ike->request_exchange);
	gikev2_archive_owned(archive, &ike->request);
	gikev2_archive_owned(archive, &ike->response);
	id_fields(archive, &ike->peer);
	gikev2_archive_time(archive, &ike->last_seen);
	gikev2_archive_time(archive, &ike->established);
	gikev2_archive_time(archive, &ike->rekey_at);
	if (version < 2)
		return;
	GIKEV2_ARCHIVE_INT(archive, ike->peer_way);
	GIKEV2_ARCHIVE_INT(archive, ike->ppk);
	if (version < 3)
		return;
	gikev2_archive_octets(archive, ike->peer_proof,
			      sizeof(ike->peer_proof));
	gikev2_archive_octets(archive, ike->ppk_proof, sizeof(ike->ppk_proof));
}

/* By protocol, for the table may have grown meanwhile. */
static void abilities_fields(struct gikev2_archive *archive,
			     struct gikev2_abilities *can)
{
	size_t known, count;
	const struct keytable_protocol *table = keytable_protocols(&known);

	GIKEV2_ARCHIVE_INT(archive, can->plain);
	count = known;
	gikev2_archive_count(archive, &count, UINT8_MAX);
	for (size_t i = 0; i < count; i++) {
		uint8_t wire = i < known ? table[i].wire : 0;
		bool listed = i < known && can->listed & 1u << i;
		uint32_t algorithms = i < known ? can->algorithms[i] : 0;

		GIKEV2_ARCHIVE_INT(archive, wire);
		GIKEV2_ARCHIVE_INT(archive, listed);
		GIKEV2_ARCHIVE_INT(archive, algorithms);
		for (size_t j = 0; archive->loading && j < known; j++)
			if (table[j].wire == wire) {
				can->algorithms[j] = algorithms;
				can->listed |= (uint32_t)listed << j;
			}
	}
}

void gikev2_gm_fields(struct gikev2_archive *archive, struct gikev2_gm *gm,
		      struct gikev2_gm_ike *ike)
{
	uint8_t version = gikev2_archive_version(archive, GM_VERSION);

	id_fields(archive, &gm->id);
	path_fields(archive, &gm->path);
	gikev2_archive_time(archive, &gm->registered);
	gikev2_archive_time(archive, &gm->last_seen);
	GIKEV2_ARCHIVE_INT(archive, gm->acked);
	GIKEV2_ARCHIVE_INT(archive, gm->sent);
	abilities_fields(archive, &gm->can);
	GIKEV2_ARCHIVE_INT(archive, gm->senders);
	GIKEV2_ARCHIVE_INT(archive, gm->fragments);
	GIKEV2_ARCHIVE_INT(archive, gm->cleared);
	GIKEV2_ARCHIVE_INT(archive, gm->leaf);
	GIKEV2_ARCHIVE_INT(archive, ike->present);
	GIKEV2_ARCHIVE_INT(archive, ike->initiator);
	gikev2_archive_octets(archive, ike->spi, sizeof(ike->spi));
	if (version < 3)
		gm->past = true; /* for all that we know */
	else
		GIKEV2_ARCHIVE_INT(archive, gm->past);
	if (version < 2)
		return;
	GIKEV2_ARCHIVE_INT(archive, gm->profile);
	GIKEV2_ARCHIVE_INT(archive, gm->away);
	GIKEV2_ARCHIVE_INT(archive, gm->late);
	if (version < 4)
		return;
	gikev2_archive_octets(archive, gm->proof, sizeof(gm->proof));
}

void gikev2_node_fields(struct gikev2_archive *archive,
			struct gikev2_lkh_key *key)
{
	gikev2_archive_version(archive, NODE_VERSION);
	GIKEV2_ARCHIVE_INT(archive, key->id);
	gikev2_archive_octets(archive, key->key, sizeof(key->key));
}

static void kek_fields(struct gikev2_archive *archive, struct gikev2_kek *kek,
		       bool *sign)
{
	gikev2_archive_octets(archive, kek->spi, sizeof(kek->spi));
	gikev2_archive_encr(archive, &kek->encr);
	gikev2_archive_integ(archive, &kek->integ);
	gikev2_archive_kwa(archive, &kek->kwa);
	gikev2_archive_octets(archive, kek->gsk_e, sizeof(kek->gsk_e));
	gikev2_archive_octets(archive, kek->gsk_a, sizeof(kek->gsk_a));
	gikev2_archive_octets(archive, kek->gsk_w, sizeof(kek->gsk_w));
	GIKEV2_ARCHIVE_INT(archive, kek->iv);
	GIKEV2_ARCHIVE_INT(archive, kek->next_id);
	GIKEV2_ARCHIVE_INT(archive, kek->next_spi_count);
	gikev2_archive_octets(archive, kek->next_spi, sizeof(kek->next_spi));
	if (kek->next_spi_count > GIKEV2_NEXT_SPIS_MAX)
		kek->next_spi_count = 0;
	gikev2_archive_time(archive, &kek->end);
	gikev2_archive_endpoint(archive, &kek->destination);
	gikev2_archive_endpoint(archive, &kek->source);
	GIKEV2_ARCHIVE_INT(archive, *sign);
}

static void generation_fields(struct gikev2_archive *archive, uint8_t version,
			      struct gikev2_generation *gen)
{
	GIKEV2_ARCHIVE_INT(archive, gen->number);
	GIKEV2_ARCHIVE_INT(archive, gen->change);
	gikev2_archive_time(archive, &gen->created);
	gikev2_archive_time(archive, &gen->atd_end);
	gikev2_archive_time(archive, &gen->dtd_end);
	if (version < 2) {
		gen->told = gen->change;
	} else {
		GIKEV2_ARCHIVE_INT(archive, gen->told);
		GIKEV2_ARCHIVE_INT(archive, gen->stage);
		gikev2_archive_time(archive, &gen->wait_end);
		if (gen->stage >= GIKEV2_STAGE_MAX)
			gen->stage = GIKEV2_STAGE_SETTLED;
	}
	if (version >= 4)
		GIKEV2_ARCHIVE_INT(archive, gen->at_once);
	gikev2_archive_count(archive, &gen->count, GIKEV2_GENERATION_ROWS);
	for (size_t i = 0; i < gen->count; i++) {
		gikev2_archive_row(archive, &gen->row[i]);
		GIKEV2_ARCHIVE_INT(archive, gen->since[i]);
		GIKEV2_ARCHIVE_INT(archive, gen->replaced[i]);
	}
}

/* IDs handed out last, by protocol: the table may have grown meanwhile. */
static void last_id_fields(struct gikev2_archive *archive,
			   struct gikev2_generations *generations)
{
	size_t known, count;
	const struct keytable_protocol *table = keytable_protocols(&known);

	count = known;
	gikev2_archive_count(archive, &count, UINT8_MAX);
	for (size_t i = 0; i < count; i++) {
		uint8_t wire = i < known ? table[i].wire : 0;
		uint32_t id = i < known ? generations->last_id[i] : 0;

		GIKEV2_ARCHIVE_INT(archive, wire);
		GIKEV2_ARCHIVE_INT(archive, id);
		for (size_t j = 0; archive->loading && j < known; j++)
			if (table[j].wire == wire)
				generations->last_id[j] = id;
	}
}

static void multicast_fields(struct gikev2_archive *archive,
			     struct gikev2_multicast *m)
{
	gikev2_archive_time(archive, &m->remind_at);
	GIKEV2_ARCHIVE_INT(archive, m->leaf_out);
	gikev2_archive_count(archive, &m->push_count, GIKEV2_PUSHES_MAX);
	for (size_t i = 0; i < m->push_count; i++) {
		gikev2_archive_owned(archive, &m->push[i].flight);
		path_fields(archive, &m->push[i].path);
		GIKEV2_ARCHIVE_INT(archive, m->push[i].left);
		gikev2_archive_time(archive, &m->push[i].due);
	}
}

void gikev2_group_fields(struct gikev2_archive *archive,
			 struct gikev2_group_state *state)
{
	uint8_t version = gikev2_archive_version(archive, GROUP_VERSION);

	gikev2_archive_count(archive, &state->generations->count,
			     GIKEV2_GENERATIONS_MAX);
	for (size_t i = 0; i < state->generations->count; i++)
		generation_fields(archive, version,
				  &state->generations->gen[i]);
	GIKEV2_ARCHIVE_INT(archive, state->generations->changes);
	last_id_fields(archive, state->generations);
	GIKEV2_ARCHIVE_INT(archive, state->group->next_sender_id);
	GIKEV2_ARCHIVE_INT(archive, state->group->tell_wanted);
	GIKEV2_ARCHIVE_INT(archive, state->group->clear_wanted);
	GIKEV2_ARCHIVE_INT(archive, *state->last_spi);
	GIKEV2_ARCHIVE_INT(archive, state->multicast->kek.alive);
	if (state->multicast->kek.alive)
		kek_fields(archive, &state->multicast->kek, &state->sign);
	GIKEV2_ARCHIVE_INT(archive, state->degree);
	GIKEV2_ARCHIVE_INT(archive, state->depth);
	multicast_fields(archive, state->multicast);
	if (version < 3)
		return;
	gikev2_archive_time(archive, &state->generations->unsure_atd);
	gikev2_archive_time(archive, &state->generations->unsure_dtd);
}
