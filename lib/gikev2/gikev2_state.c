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
#include "gikev2/gikev2_state_fields.h"

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

static struct gikev2_group_state state_of(struct gikev2_group *group)
{
	struct gikev2_group_state state = {
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
	gikev2_node_fields(engine->archive, node);
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
	gikev2_ike_fields(archive, ike);
	save(ike->engine, GIKEV2_RECORD_IKE_SA, &key, archive);
	ike->saved = true;
}

static void save_gm(struct gikev2 *engine, struct gikev2_gm *gm)
{
	struct key key = key_of_gm(gm);
	struct gikev2_gm_ike ike = { 0 };

	if (gm->ike) {
		ike.present = true;
		ike.initiator = gm->ike->initiator;
		memcpy(ike.spi, own_spi(gm->ike), GIKEV2_SPI_LEN);
	}
	gikev2_archive_save(engine->archive);
	gikev2_gm_fields(engine->archive, gm, &ike);
	save(engine, GIKEV2_RECORD_MEMBER, &key, engine->archive);
}

static void save_group(struct gikev2 *engine, struct gikev2_group *group)
{
	struct gikev2_group_state state = state_of(group);
	struct key key = key_of_group(group);

	gikev2_archive_save(engine->archive);
	gikev2_group_fields(engine->archive, &state);
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
	struct gikev2_group_state state = state_of(loading->group);
	struct gikev2_archive archive = begin(record);
	int ret;

	gikev2_group_fields(&archive, &state);
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

	gikev2_node_fields(&archive, &key);
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
	gikev2_ike_fields(&archive, ike);
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
	struct gikev2_gm_ike of = { 0 };
	struct gikev2_ike *ike = NULL;
	struct gikev2_gm *gm = gikev2_gm_empty(loading->group);
	int ret;

	if (!gm)
		return -GIKEV2_ERR_NO_MEMORY;
	gm->handle = handle_of(loading->engine, record->key, record->key_len);
	gikev2_gm_fields(&archive, gm, &of);
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
