// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member's key path.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_int.h"

/* WRAP_KEY attributes tried for all SA_KEYs of a message: some dozens, unless ways
 * that lead nowhere were put there to be tried one by one. */
#define TRIES_MAX 1024

static void cut(struct gikev2_key_path *path, size_t count)
{
	if (path->count > count)
		explicit_bzero(&path->step[count],
			       (path->count - count) * sizeof(path->step[0]));
	path->count = count;
}

void gikev2_key_path_copy(struct gikev2_key_path *to,
			  const struct gikev2_key_path *from)
{
	cut(to, from->count);
	memcpy(to->step, from->step, from->count * sizeof(from->step[0]));
}

void gikev2_key_path_wipe(struct gikev2_key_path *path)
{
	cut(path, 0);
}

struct search {
	struct gikev2 *engine;
	const struct gikev2_wrapper *wrapper;
	const struct gikev2_pld_kd *kd;
	const struct gikev2_key_path *working;
	struct gikev2_key_path found; /* from the SA_KEY downwards */
	size_t end; /* where in the working path it ended; count: default */
	unsigned int tries;
};

/* Key ID(4) | KWK ID(4) | wrapped octets; false: too short. */
static bool split(const struct gikev2_attr *attr, uint32_t *id,
		  uint32_t *kwk_id, struct gikev2_chunk *wrapped)
{
	if (attr->tv || attr->data.len <= GIKEV2_WRAPPED_HEADER_LEN)
		return false;
	*id = gikev2_get_int(attr->data.ptr, 4);
	*kwk_id = gikev2_get_int(attr->data.ptr + 4, 4);
	wrapped->ptr = attr->data.ptr + GIKEV2_WRAPPED_HEADER_LEN;
	wrapped->len = attr->data.len - GIKEV2_WRAPPED_HEADER_LEN;
	return true;
}

static bool unwrap(const struct search *search, const uint8_t *kwk,
		   struct gikev2_chunk wrapped, uint8_t *out, size_t room,
		   size_t *len)
{
	*len = room;
	return wrapped.len <= room &&
	       gikev2_unwrap(search->engine->crypto, search->wrapper->kwa, kwk,
			     wrapped, out, len) == 0;
}

static bool find_key(struct search *search, uint32_t id, uint8_t *key);

/* One WRAP_KEY that holds the wanted key: can we open it? */
static bool open_wrap_key(struct search *search, const struct gikev2_attr *attr,
			  uint32_t wanted, uint8_t *key)
{
	uint8_t kwk[GIKEV2_KWK_MAX],
		plain[GIKEV2_KWK_MAX + GIKEV2_WRAP_OVERHEAD];
	struct gikev2_chunk wrapped;
	uint32_t id, kwk_id;
	size_t len, before = search->found.count;
	bool ok = false;

	if (attr->type != GIKEV2_WRAP_KEY ||
	    !split(attr, &id, &kwk_id, &wrapped) || id != wanted ||
	    ++search->tries > TRIES_MAX || before == GIKEV2_KEY_PATH_MAX)
		return false;
	search->found.step[search->found.count++].id = id;
	if (find_key(search, kwk_id, kwk) &&
	    unwrap(search, kwk, wrapped, plain, sizeof(plain), &len) &&
	    len == search->wrapper->kwa->key_len) {
		memcpy(search->found.step[before].key, plain, len);
		memcpy(key, plain, len);
		ok = true;
	}
	if (!ok)
		search->found.count = before;
	explicit_bzero(kwk, sizeof(kwk));
	explicit_bzero(plain, sizeof(plain));
	return ok;
}

static bool is_on_the_way(const struct search *search, uint32_t id)
{
	for (size_t i = 0; i < search->found.count; i++)
		if (search->found.step[i].id == id)
			return true;
	return false;
}

/* The default KWK, a key of the working path, or one that is wrapped here. */
static bool find_key(struct search *search, uint32_t id, uint8_t *key)
{
	const struct gikev2_key_path *working = search->working;
	const struct gikev2_bag *bag = search->kd->bags.items;

	search->end = working->count;
	if (id == 0) {
		memcpy(key, search->wrapper->kwk, GIKEV2_KWK_MAX);
		return true;
	}
	for (size_t i = 0; i < working->count; i++)
		if (working->step[i].id == id) {
			memcpy(key, working->step[i].key, GIKEV2_KWK_MAX);
			search->end = i;
			return true;
		}
	if (is_on_the_way(search, id))
		return false;
	for (size_t i = 0; i < search->kd->bags.count; i++, bag++) {
		const struct gikev2_attr *attr = bag->attrs.items;

		if (bag->protocol != GIKEV2_PROTO_NONE)
			continue;
		for (size_t j = 0; j < bag->attrs.count; j++)
			if (open_wrap_key(search, &attr[j], id, key))
				return true;
	}
	return false;
}

/* What was found, and of the working path what it leads to. */
static int adopt(const struct search *search, struct gikev2_key_path *path)
{
	const struct gikev2_key_path *working = search->working;
	size_t tail = working->count - search->end;
	struct gikev2_key_path *result;

	if (!search->found.count)
		return 0;
	if (search->found.count + tail > GIKEV2_KEY_PATH_MAX)
		return -GIKEV2_ERR_LIMIT;
	result = malloc(sizeof(*result));
	if (!result)
		return -GIKEV2_ERR_NO_MEMORY;
	*result = search->found;
	memcpy(&result->step[result->count], &working->step[search->end],
	       tail * sizeof(result->step[0]));
	result->count += tail;
	gikev2_key_path_copy(path, result);
	explicit_bzero(result, sizeof(*result));
	free(result);
	return 0;
}

static int open_sa_key(struct search *search, const struct gikev2_attr *attr,
		       uint8_t *plain, size_t *len,
		       struct gikev2_key_path *path)
{
	uint8_t kwk[GIKEV2_KWK_MAX];
	struct gikev2_chunk wrapped;
	uint32_t id, kwk_id;
	size_t room = *len;
	int ret = -GIKEV2_ERR_EXCLUDED;

	if (attr->type != GIKEV2_SA_KEY ||
	    !split(attr, &id, &kwk_id, &wrapped) || id != 0)
		return -GIKEV2_ERR_EXCLUDED;
	search->found.count = 0;
	if (find_key(search, kwk_id, kwk) &&
	    unwrap(search, kwk, wrapped, plain, room, len))
		ret = adopt(search, path);
	explicit_bzero(kwk, sizeof(kwk));
	return ret;
}

int gikev2_key_path_open(struct gikev2 *engine,
			 const struct gikev2_wrapper *wrapper,
			 const struct gikev2_pld_kd *kd,
			 const struct gikev2_bag *bag, uint8_t *plain,
			 size_t *len, struct gikev2_key_path *path)
{
	const struct gikev2_attr *attr = bag->attrs.items;
	struct search search = {
		.engine = engine, .wrapper = wrapper, .kd = kd, .working = path
	};
	size_t room = *len;
	int ret = -GIKEV2_ERR_EXCLUDED;

	for (size_t i = 0; ret == -GIKEV2_ERR_EXCLUDED && i < bag->attrs.count;
	     i++) {
		*len = room;
		ret = open_sa_key(&search, &attr[i], plain, len, path);
	}
	explicit_bzero(&search.found, sizeof(search.found));
	return ret;
}
