// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server's state beyond the life of its process.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_archive.h"
#include "gikev2/gikev2_group.h"
#include "gikev2/gikev2_nat.h"
#include "gikev2/gikev2_state.h"

#define GROUP_VERSION 3 /* 2: rolls that wait; 3: a start without a past */
#define NODE_VERSION 1
#define GM_VERSION 4  /* likewise; 4: by what it proved itself */
#define IKE_VERSION 3 /* 2: how the peer proved who it is; 3: by what */

/* ---------------------------------------------------------------------- keys */

/* length and octets of IDg; level and index, or handle; or flag and handle */
#define KEY_MAX (2 + GIKEV2_ID_MAX + 8)

struct key {
	size_t len;
	uint8_t octets[KEY_MAX];
};

static void key_add(struct key *key, const void *octets, size_t len)
{
	memcpy(key->octets + key->len, octets, len);
	key->len += len;
}

/*
 * Handles are counted, and end their keys with the highest octet first: what came
 * together, and will change together, stands together in an ordered store.
 */
static void key_add_handle(struct key *key, uint64_t handle)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		key->octets[key->len++] = handle >> shift;
}

/* Of what is loaded: new ones are higher than all that there are. */
static uint64_t handle_of(struct gikev2 *engine, const uint8_t *key, size_t len)
{
	uint64_t handle = 0;

	for (size_t i = len < 8 ? 0 : len - 8; i < len; i++)
		handle = handle << 8 | key[i];
	if (engine->last_handle < handle)
		engine->last_handle = handle;
	return handle;
}

/* The key of a group is the prefix of all that belongs to it. */
static struct key key_of_group(const struct gikev2_group *group)
{
	const struct gikev2_id *id = &gikev2_group_config(group)->id;
	struct key key = { .len = 2, .octets = { id->type, id->len } };

	key_add(&key, id->data, id->len);
	return key;
}

static struct key key_of_gm(const struct gikev2_gm *gm)
{
	struct key key = key_of_group(gm->group);

	key_add_handle(&key, gm->handle);
	return key;
}

static struct key key_of_node(const struct gikev2_group *group, uint8_t level,
			      uint32_t index)
{
	struct key key = key_of_group(group);
	uint8_t octets[4];

	gikev2_put_int(octets, index, sizeof(octets));
	key_add(&key, &level, sizeof(level));
	key_add(&key, octets, sizeof(octets));
	return key;
}

static struct key key_of_ike(const struct gikev2_ike *ike)
{
	struct key key = { .len = 1, .octets = { ike->initiator } };

	key_add_handle(&key, ike->handle);
	return key;
}

static const uint8_t *own_spi(const struct gikev2_ike *ike)
{
	return ike->initiator ? ike->spi_i : ike->spi_r;
}

/* -------------------------------------------------------------------- fields */

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

static void ike_fields(struct gikev2_archive *archive, struct gikev2_ike *ike)
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

/* The SA that a member registered over: whose, and its SPI there. */
struct gm_ike {
	bool present, initiator;
	uint8_t spi[GIKEV2_SPI_LEN];
};

static void gm_fields(struct gikev2_archive *archive, struct gikev2_gm *gm,
		      struct gm_ike *ike)
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

static void node_fields(struct gikev2_archive *archive,
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

/* What of a group is not in its configuration. */
struct group_state {
	struct gikev2_generations *generations;
	struct gikev2_multicast *multicast;
	uint32_t *last_spi; /* of an IPsec SA, of all groups */
	struct gikev2_group *group;
	bool sign;	       /* the Rekey SA's messages are signed */
	uint8_t degree, depth; /* of the tree; 0: none */
};

static void group_fields(struct gikev2_archive *archive,
			 struct group_state *state)
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

static struct group_state state_of(struct gikev2_group *group)
{
	struct group_state state = {
		.generations = gikev2_group_generations(group),
		.multicast = gikev2_group_multicast(group),
		.last_spi = &gikev2_group_engine(group)->last_spi,
		.group = group,
	};

	state.sign = state.multicast->kek.sign_alg != NULL;
	if (gikev2_group_lkh(group))
		gikev2_lkh_shape(gikev2_group_lkh(group), &state.degree,
				 &state.depth);
	return state;
}

/* -------------------------------------------------------------------- saving */

static bool remembers(const struct gikev2 *engine)
{
	return engine->callbacks->save && !engine->closing;
}

/* `archive` NULL: it is gone. */
static void save(struct gikev2 *engine, enum gikev2_record_kind kind,
		 const struct key *key, struct gikev2_archive *archive)
{
	struct gikev2_record record = {
		.kind = kind,
		.key = key->octets,
		.key_len = key->len,
	};
	int ret = archive ? gikev2_archive_end(archive) : 0;

	if (archive) {
		record.value = archive->ptr;
		record.value_len = archive->len;
	}
	if (ret == 0)
		ret = engine->callbacks->save(engine->arg, &record);
	if (ret < 0)
		gikev2_count(engine, GIKEV2_ERR_STATE_LOST);
	if (archive)
		gikev2_archive_wipe(archive);
}

void gikev2_ike_changed(struct gikev2_ike *ike)
{
	struct gikev2 *engine = ike->engine;

	if (!ike->server || ike->unsaved || !remembers(engine))
		return;
	ike->unsaved = true;
	ike->unsaved_next = engine->unsaved_ikes;
	engine->unsaved_ikes = ike;
}

void gikev2_gm_changed(struct gikev2_gm *gm)
{
	struct gikev2 *engine = gikev2_group_engine(gm->group);

	if (gm->unsaved || !remembers(engine))
		return;
	gm->unsaved = true;
	gm->unsaved_next = engine->unsaved_gms;
	engine->unsaved_gms = gm;
}

static void forget_ike(struct gikev2_ike *ike)
{
	struct key key = key_of_ike(ike);

	if (ike->saved)
		save(ike->engine, GIKEV2_RECORD_IKE_SA, &key, NULL);
	ike->saved = false;
}

void gikev2_ike_forget(struct gikev2_ike *ike)
{
	if (remembers(ike->engine))
		forget_ike(ike);
}

void gikev2_gm_name(struct gikev2_gm *gm)
{
	gm->handle = ++gikev2_group_engine(gm->group)->last_handle;
}

void gikev2_gm_unmark(struct gikev2_gm *gm)
{
	struct gikev2_gm **at = &gikev2_group_engine(gm->group)->unsaved_gms;

	if (!gm->unsaved)
		return;
	while (*at && *at != gm)
		at = &(*at)->unsaved_next;
	if (*at)
		*at = gm->unsaved_next;
	gm->unsaved = false;
}

void gikev2_gm_forget(struct gikev2_gm *gm)
{
	struct gikev2 *engine = gikev2_group_engine(gm->group);
	struct key key = key_of_gm(gm);

	if (remembers(engine))
		save(engine, GIKEV2_RECORD_MEMBER, &key, NULL);
}

void gikev2_group_forget(struct gikev2_group *group)
{
	struct gikev2 *engine = gikev2_group_engine(group);
	struct key key = key_of_group(group);

	/* with all that begins with the same key */
	if (!remembers(engine))
		return;
	save(engine, GIKEV2_RECORD_GROUP, &key, NULL);
	save(engine, GIKEV2_RECORD_NODE, &key, NULL);
}

void gikev2_state_forget_tree(struct gikev2_group *group)
{
	struct gikev2 *engine = gikev2_group_engine(group);
	struct key key = key_of_group(group);

	if (remembers(engine))
		save(engine, GIKEV2_RECORD_NODE, &key, NULL);
}

static int save_node(void *arg, uint8_t level, uint32_t index,
		     struct gikev2_lkh_key *node)
{
	struct gikev2_group *group = arg;
	struct gikev2 *engine = gikev2_group_engine(group);
	struct key key = key_of_node(group, level, index);

	gikev2_archive_save(engine->archive);
	node_fields(engine->archive, node);
	save(engine, GIKEV2_RECORD_NODE, &key, engine->archive);
	return 0;
}

void gikev2_state_path(struct gikev2_group *group, uint32_t leaf)
{
	if (remembers(gikev2_group_engine(group)))
		gikev2_lkh_changed(gikev2_group_lkh(group), leaf, save_node,
				   group);
}

static void save_ike(struct gikev2_ike *ike)
{
	struct gikev2_archive *archive = ike->engine->archive;
	struct key key;

	/* one that serves nobody may still have an answer to repeat */
	if (ike->dead || (ike->state != GIKEV2_IKE_ESTABLISHED &&
			  ike->state != GIKEV2_IKE_DELETING)) {
		forget_ike(ike);
		return;
	}
	if (!ike->saved)
		ike->handle = ++ike->engine->last_handle;
	key = key_of_ike(ike);
	gikev2_archive_save(archive);
	ike_fields(archive, ike);
	save(ike->engine, GIKEV2_RECORD_IKE_SA, &key, archive);
	ike->saved = true;
}

static void save_gm(struct gikev2 *engine, struct gikev2_gm *gm)
{
	struct key key = key_of_gm(gm);
	struct gm_ike ike = { 0 };

	if (gm->ike) {
		ike.present = true;
		ike.initiator = gm->ike->initiator;
		memcpy(ike.spi, own_spi(gm->ike), GIKEV2_SPI_LEN);
	}
	gikev2_archive_save(engine->archive);
	gm_fields(engine->archive, gm, &ike);
	save(engine, GIKEV2_RECORD_MEMBER, &key, engine->archive);
}

static void save_group(struct gikev2 *engine, struct gikev2_group *group)
{
	struct group_state state = state_of(group);
	struct key key = key_of_group(group);

	gikev2_archive_save(engine->archive);
	group_fields(engine->archive, &state);
	save(engine, GIKEV2_RECORD_GROUP, &key, engine->archive);
}

void gikev2_state_save(struct gikev2 *engine)
{
	struct gikev2_group *group = NULL;

	if (!remembers(engine))
		return;
	while ((group = gikev2_group_next(engine, group)))
		if (gikev2_group_take_unsaved(group))
			save_group(engine, group);
	while (engine->unsaved_gms) {
		struct gikev2_gm *gm = engine->unsaved_gms;

		engine->unsaved_gms = gm->unsaved_next;
		gm->unsaved = false;
		save_gm(engine, gm);
	}
	while (engine->unsaved_ikes) {
		struct gikev2_ike *ike = engine->unsaved_ikes;

		engine->unsaved_ikes = ike->unsaved_next;
		ike->unsaved = false;
		save_ike(ike);
	}
}

/* ------------------------------------------------------------------- loading */

struct loading {
	struct gikev2_group *group;
	struct gikev2 *engine;
	uint64_t now;
	bool found;
};

static int load(struct loading *loading, enum gikev2_record_kind kind,
		const struct key *key, gikev2_record_fn visit)
{
	const struct gikev2_callbacks *callbacks = loading->engine->callbacks;

	return callbacks->load(loading->engine->arg, kind, key->octets,
			       key->len, visit, loading);
}

static struct gikev2_archive begin(const struct gikev2_record *record)
{
	struct gikev2_archive archive;

	gikev2_archive_load(&archive, record->value, record->value_len,
			    record->shift);
	return archive;
}

/* The key that signs is the configuration's; with another one, or none where
 * there was one, nobody could follow this Rekey SA. */
static void set_signature(struct gikev2_group *group, struct gikev2_kek *kek,
			  bool sign)
{
	const struct gikev2_key *key = gikev2_group_config(group)->rekey.key;

	if (!kek->alive)
		return;
	if (sign && key) {
		kek->sign_alg = gikev2_sign_choose(key, GIKEV2_HASHES_OWN);
		kek->auth_key = gikev2_key_dup(key);
	}
	if (sign != (kek->sign_alg && kek->auth_key) || sign != (key != NULL))
		gikev2_kek_wipe(kek);
}

static int load_group(void *arg, const struct gikev2_record *record)
{
	struct loading *loading = arg;
	struct group_state state = state_of(loading->group);
	struct gikev2_archive archive = begin(record);
	int ret;

	group_fields(&archive, &state);
	ret = gikev2_archive_end(&archive);
	if (ret == 0 && !state.generations->count)
		ret = -GIKEV2_ERR_STATE;
	if (ret == 0 && state.degree)
		ret = gikev2_multicast_set_tree(loading->group, state.degree,
						state.depth);
	if (ret == 0)
		set_signature(loading->group, &state.multicast->kek,
			      state.sign);
	loading->found = ret == 0;
	return ret;
}

static int load_node(void *arg, const struct gikev2_record *record)
{
	struct loading *loading = arg;
	struct gikev2_lkh *lkh = gikev2_group_lkh(loading->group);
	const uint8_t *at = record->key + record->key_len - 5;
	struct gikev2_archive archive = begin(record);
	struct gikev2_lkh_key key = { 0 };
	int ret;

	node_fields(&archive, &key);
	ret = gikev2_archive_end(&archive);
	if (ret == 0 &&
	    (!lkh ||
	     !gikev2_lkh_load(lkh, at[0], gikev2_get_int(at + 1, 4), &key)))
		ret = -GIKEV2_ERR_STATE;
	explicit_bzero(&key, sizeof(key));
	return ret;
}

/* Nobody knows whether our last request was heard: it is sent again. */
static void resume_ike(struct gikev2_ike *ike, struct loading *loading)
{
	struct gikev2 *engine = ike->engine;
	uint64_t wait = engine->params.liveness_time;

	ike->saved = ike->restored = true;
	if (ike->request.ptr) {
		ike->tries = 1;
		wait = engine->params.retransmit_time;
	}
	/* all members at once would be a storm */
	gikev2_timer_set(&engine->timers, &ike->timer,
			 loading->now + gikev2_jitter(engine, wait));
	gikev2_nat_keep_alive(ike, loading->now);
}

static int load_ike(void *arg, const struct gikev2_record *record)
{
	struct loading *loading = arg;
	struct gikev2_archive archive = begin(record);
	struct gikev2_ike *ike = gikev2_ike_empty(loading->engine);
	int ret;

	if (!ike)
		return -GIKEV2_ERR_NO_MEMORY;
	ike->handle = handle_of(loading->engine, record->key, record->key_len);
	ike_fields(&archive, ike);
	ret = gikev2_archive_end(&archive);
	if (ret == 0 && ike->state != GIKEV2_IKE_ESTABLISHED &&
	    ike->state != GIKEV2_IKE_DELETING)
		ret = -GIKEV2_ERR_STATE;
	/* it may be there since the last attempt to load */
	if (ret < 0 ||
	    gikev2_ike_by_spi(loading->engine, own_spi(ike), ike->initiator)) {
		gikev2_ike_discard(ike);
		return ret;
	}
	ret = gikev2_ike_insert(ike);
	if (ret < 0)
		gikev2_ike_discard(ike);
	else
		resume_ike(ike, loading);
	return ret;
}

/*
 * All of them before the first group: which of them serve nobody shows when
 * the groups have been restored, and ends them as it does any other.
 */
static int load_ikes(struct loading *loading)
{
	struct gikev2 *engine = loading->engine;
	const struct key all = { 0 };
	int ret = 0;

	if (!engine->ikes_loaded)
		ret = load(loading, GIKEV2_RECORD_IKE_SA, &all, load_ike);
	if (ret == 0)
		engine->ikes_loaded = true;
	return ret;
}

static int load_gm(void *arg, const struct gikev2_record *record)
{
	struct loading *loading = arg;
	struct gikev2_archive archive = begin(record);
	struct gm_ike of = { 0 };
	struct gikev2_ike *ike = NULL;
	struct gikev2_gm *gm = gikev2_gm_empty(loading->group);
	int ret;

	if (!gm)
		return -GIKEV2_ERR_NO_MEMORY;
	gm->handle = handle_of(loading->engine, record->key, record->key_len);
	gm_fields(&archive, gm, &of);
	ret = gikev2_archive_end(&archive);
	if (ret < 0) {
		free(gm->id);
		free(gm);
		return ret;
	}
	if (of.present)
		ike = gikev2_ike_by_spi(loading->engine, of.spi, of.initiator);
	ret = gikev2_gm_insert(gm, ike);
	if (ret == 0 && gm->leaf != GIKEV2_LKH_NO_LEAF &&
	    !gikev2_lkh_occupy(gikev2_group_lkh(loading->group), gm->leaf))
		ret = -GIKEV2_ERR_STATE;
	return ret;
}

int gikev2_state_load(struct gikev2_group *group, uint64_t now)
{
	struct loading loading = {
		.group = group,
		.engine = gikev2_group_engine(group),
		.now = now,
	};
	struct key key = key_of_group(group);
	int ret;

	if (!loading.engine->callbacks->load)
		return 0;
	ret = load_ikes(&loading);
	if (ret == 0)
		ret = load(&loading, GIKEV2_RECORD_GROUP, &key, load_group);
	if (ret < 0 || !loading.found)
		return ret;
	ret = load(&loading, GIKEV2_RECORD_NODE, &key, load_node);
	if (ret == 0)
		ret = load(&loading, GIKEV2_RECORD_MEMBER, &key, load_gm);
	return ret < 0 ? ret : 1;
}
