// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key server's tree of key encryption keys.
 *
 * Level 0 is the root, whose key is the Rekey SA itself; the leaves are at
 * level `depth`.  Node n of a level has the children n * degree and following.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_int.h"

#define DEPTH_MAX 32

struct node {
	uint32_t id;	/* Key ID; 0: no key yet */
	uint32_t saved; /* the Key ID that gikev2_lkh_changed() told of */
	uint32_t count; /* members below */
	uint8_t key[GIKEV2_KWK_MAX];
};

struct gikev2_lkh {
	unsigned int degree, depth;
	uint32_t last_id;
	uint32_t next_free;		   /* leaf to look at first */
	struct node *level[DEPTH_MAX + 1]; /* level[0] is not used */
};

static uint32_t width(const struct gikev2_lkh *lkh, unsigned int level)
{
	uint32_t nodes = 1;

	while (level--)
		nodes *= lkh->degree;
	return nodes;
}

/* The ancestor of a leaf at that level. */
static struct node *ancestor(const struct gikev2_lkh *lkh, uint32_t leaf,
			     unsigned int level)
{
	for (unsigned int i = lkh->depth; i > level; i--)
		leaf /= lkh->degree;
	return &lkh->level[level][leaf];
}

/* The first child of that ancestor. */
static struct node *children(const struct gikev2_lkh *lkh, uint32_t leaf,
			     unsigned int level)
{
	for (unsigned int i = lkh->depth; i > level; i--)
		leaf /= lkh->degree;
	return &lkh->level[level + 1][leaf * lkh->degree];
}

struct gikev2_lkh *gikev2_lkh_new(unsigned int degree, uint32_t members)
{
	struct gikev2_lkh *lkh;
	uint64_t room = degree;

	if (degree < GIKEV2_LKH_DEGREE_MIN || degree > GIKEV2_LKH_DEGREE_MAX)
		return NULL;
	lkh = calloc(1, sizeof(*lkh));
	if (!lkh)
		return NULL;
	lkh->degree = degree;
	for (lkh->depth = 1;
	     room < members && room * degree <= GIKEV2_LKH_LEAVES_MAX;
	     lkh->depth++)
		room *= degree;
	for (unsigned int i = 1; i <= lkh->depth; i++) {
		lkh->level[i] = calloc(width(lkh, i), sizeof(struct node));
		if (!lkh->level[i]) {
			gikev2_lkh_free(lkh);
			return NULL;
		}
	}
	return lkh;
}

void gikev2_lkh_free(struct gikev2_lkh *lkh)
{
	if (!lkh)
		return;
	for (unsigned int i = 1; i <= lkh->depth; i++) {
		if (lkh->level[i])
			explicit_bzero(lkh->level[i],
				       width(lkh, i) * sizeof(struct node));
		free(lkh->level[i]);
	}
	free(lkh);
}

uint32_t gikev2_lkh_room(const struct gikev2_lkh *lkh)
{
	return width(lkh, lkh->depth);
}

uint32_t gikev2_lkh_members(const struct gikev2_lkh *lkh)
{
	uint32_t members = 0;

	for (unsigned int i = 0; i < lkh->degree; i++)
		members += lkh->level[1][i].count;
	return members;
}

unsigned int gikev2_lkh_degree(const struct gikev2_lkh *lkh)
{
	return lkh->degree;
}

unsigned int gikev2_lkh_depth(const struct gikev2_lkh *lkh)
{
	return lkh->depth;
}

/* A fresh key under an ID that was never used. */
static int draw(struct gikev2 *engine, struct gikev2_lkh *lkh,
		struct node *node)
{
	int ret = gikev2_random(engine, node->key, sizeof(node->key));

	if (ret < 0)
		return ret;
	if (lkh->last_id == UINT32_MAX)
		return -GIKEV2_ERR_LIFETIME;
	node->id = ++lkh->last_id;
	return 0;
}

int gikev2_lkh_join(struct gikev2 *engine, struct gikev2_lkh *lkh,
		    uint32_t *leaf)
{
	uint32_t leaves = width(lkh, lkh->depth), tried = 0;
	int ret = 0;

	while (tried < leaves && lkh->level[lkh->depth][lkh->next_free].count) {
		lkh->next_free = (lkh->next_free + 1) % leaves;
		tried++;
	}
	if (tried == leaves)
		return -GIKEV2_ERR_REGISTRATION_FAILED;
	*leaf = lkh->next_free;
	/* a leaf that was somebody's gets a fresh key as well */
	ret = draw(engine, lkh, &lkh->level[lkh->depth][*leaf]);
	for (unsigned int i = 1; ret == 0 && i < lkh->depth; i++)
		if (!ancestor(lkh, *leaf, i)->id)
			ret = draw(engine, lkh, ancestor(lkh, *leaf, i));
	for (unsigned int i = 1; ret == 0 && i <= lkh->depth; i++)
		ancestor(lkh, *leaf, i)->count++;
	return ret;
}

void gikev2_lkh_undo(struct gikev2_lkh *lkh, uint32_t leaf)
{
	for (unsigned int i = 1; i <= lkh->depth; i++)
		ancestor(lkh, leaf, i)->count--;
	lkh->next_free = leaf;
}

int gikev2_lkh_exclude(struct gikev2 *engine, struct gikev2_lkh *lkh,
		       uint32_t leaf)
{
	int ret = 0;

	for (unsigned int i = 1; ret == 0 && i < lkh->depth; i++)
		ret = draw(engine, lkh, ancestor(lkh, leaf, i));
	/* who is not out yet will be tried again */
	if (ret == 0)
		gikev2_lkh_undo(lkh, leaf);
	return ret;
}

/* --------------------------------------------------------------- saved state */

void gikev2_lkh_shape(const struct gikev2_lkh *lkh, uint8_t *degree,
		      uint8_t *depth)
{
	*degree = lkh->degree;
	*depth = lkh->depth;
}

int gikev2_lkh_changed(struct gikev2_lkh *lkh, uint32_t leaf,
		       int (*visit)(void *arg, uint8_t level, uint32_t index,
				    struct gikev2_lkh_key *key),
		       void *arg)
{
	struct gikev2_lkh_key key;
	int ret = 0;

	for (unsigned int i = 1; ret >= 0 && i <= lkh->depth; i++) {
		struct node *node = ancestor(lkh, leaf, i);

		if (node->id == node->saved)
			continue;
		node->saved = key.id = node->id;
		memcpy(key.key, node->key, sizeof(key.key));
		ret = visit(arg, i, node - lkh->level[i], &key);
	}
	explicit_bzero(&key, sizeof(key));
	return ret < 0 ? ret : 0;
}

bool gikev2_lkh_load(struct gikev2_lkh *lkh, unsigned int level, uint32_t index,
		     const struct gikev2_lkh_key *key)
{
	struct node *node;

	if (level < 1 || level > DEPTH_MAX || level > lkh->depth ||
	    index >= width(lkh, level))
		return false;
	node = &lkh->level[level][index];
	node->id = node->saved = key->id;
	memcpy(node->key, key->key, sizeof(node->key));
	if (key->id > lkh->last_id)
		lkh->last_id = key->id;
	return true;
}

bool gikev2_lkh_occupy(struct gikev2_lkh *lkh, uint32_t leaf)
{
	if (!lkh || leaf >= width(lkh, lkh->depth) ||
	    lkh->level[lkh->depth][leaf].count)
		return false;
	for (unsigned int i = 1; i <= lkh->depth; i++)
		ancestor(lkh, leaf, i)->count++;
	return true;
}

/* ------------------------------------------------------------------ payloads */

/* Room for more attributes; they are filled in one by one. */
static struct gikev2_attr *grow(struct gikev2 *engine, struct gikev2_bag *bag,
				size_t more)
{
	struct gikev2_attr *attrs = gikev2_arena_alloc(
		&engine->arena, (bag->attrs.count + more) * sizeof(*attrs));

	if (!attrs)
		return NULL;
	if (bag->attrs.count)
		memcpy(attrs, bag->attrs.items,
		       bag->attrs.count * sizeof(*attrs));
	bag->attrs.items = attrs;
	return attrs;
}

/* kwk{plain}, named id; kwk NULL: under the default KWK. */
static int add(struct gikev2 *engine, const struct gikev2_wrapper *wrapper,
	       struct gikev2_bag *bag, uint16_t type, uint32_t id,
	       const struct node *kwk, struct gikev2_chunk plain)
{
	struct gikev2_attr *attrs = bag->attrs.items;
	struct gikev2_attr *attr = &attrs[bag->attrs.count];
	size_t room = plain.len + GIKEV2_WRAP_OVERHEAD;
	uint8_t *octets = gikev2_arena_alloc(&engine->arena,
					     GIKEV2_WRAPPED_HEADER_LEN + room);
	int ret;

	if (!octets)
		return -GIKEV2_ERR_NO_MEMORY;
	gikev2_put_int(octets, id, 4);
	gikev2_put_int(octets + 4, kwk ? kwk->id : 0, 4);
	ret = gikev2_wrap(engine->crypto, wrapper->kwa,
			  kwk ? kwk->key : wrapper->kwk, plain,
			  octets + GIKEV2_WRAPPED_HEADER_LEN, &room);
	if (ret < 0)
		return ret;
	attr->type = type;
	attr->data = (struct gikev2_chunk){ octets,
					    GIKEV2_WRAPPED_HEADER_LEN + room };
	bag->attrs.count++;
	return 0;
}

static int add_node(struct gikev2 *engine, const struct gikev2_wrapper *wrapper,
		    struct gikev2_bag *bag, const struct node *node,
		    const struct node *kwk)
{
	return add(engine, wrapper, bag, GIKEV2_WRAP_KEY, node->id, kwk,
		   (struct gikev2_chunk){ node->key, wrapper->kwa->key_len });
}

int gikev2_lkh_add_path(struct gikev2 *engine,
			const struct gikev2_wrapper *wrapper,
			const struct gikev2_lkh *lkh, uint32_t leaf,
			struct gikev2_bag *bag)
{
	int ret = 0;

	if (!grow(engine, bag, lkh->depth))
		return -GIKEV2_ERR_NO_MEMORY;
	for (unsigned int i = 1; ret == 0 && i < lkh->depth; i++)
		ret = add_node(engine, wrapper, bag, ancestor(lkh, leaf, i),
			       ancestor(lkh, leaf, i + 1));
	if (ret == 0)
		ret = add_node(engine, wrapper, bag,
			       ancestor(lkh, leaf, lkh->depth), NULL);
	return ret;
}

int gikev2_lkh_add_change(struct gikev2 *engine,
			  const struct gikev2_wrapper *wrapper,
			  const struct gikev2_lkh *lkh, uint32_t leaf,
			  struct gikev2_bag *bag)
{
	int ret = 0;

	if (!grow(engine, bag, lkh->depth * lkh->degree))
		return -GIKEV2_ERR_NO_MEMORY;
	for (unsigned int i = 1; i < lkh->depth; i++) {
		const struct node *child = children(lkh, leaf, i);

		for (unsigned int j = 0; ret == 0 && j < lkh->degree; j++)
			if (child[j].count)
				ret = add_node(engine, wrapper, bag,
					       ancestor(lkh, leaf, i),
					       &child[j]);
	}
	return ret;
}

int gikev2_lkh_add_sa_keys(struct gikev2 *engine,
			   const struct gikev2_wrapper *wrapper,
			   const struct gikev2_lkh *lkh, uint32_t leaf,
			   struct gikev2_chunk plain, struct gikev2_bag *bag)
{
	const struct node *child = lkh->level[1];
	int ret = 0;

	if (!grow(engine, bag, lkh->degree))
		return -GIKEV2_ERR_NO_MEMORY;
	if (leaf != GIKEV2_LKH_NO_LEAF)
		return add(engine, wrapper, bag, GIKEV2_SA_KEY, 0,
			   ancestor(lkh, leaf, 1), plain);
	for (unsigned int i = 0; ret == 0 && i < lkh->degree; i++)
		if (child[i].count)
			ret = add(engine, wrapper, bag, GIKEV2_SA_KEY, 0,
				  &child[i], plain);
	return ret;
}
