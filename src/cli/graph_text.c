/* Texts of nodes. */
#include "cli/graph_builder.h"

/* A tooltip is not for reading books. */
enum { SHOWN_TITLE = 2000 };

void graph_text_begin(struct graph_text *text, struct graph_builder *builder) {
    text->builder = builder;
    dump_memory_open(&text->memory);
    text->dumper = (struct dumper){text->memory.out, builder->table};
}

struct slice graph_text_end(struct graph_text *text) {
    struct slice shown = slice_take(dump_memory_close(&text->memory), SHOWN_TITLE);
    struct slice copy = arena_copy_slice(text->builder->graph->arena, shown);
    dump_memory_release(&text->memory);
    return copy;
}

void graph_text_write(struct graph_text *text, struct slice piece) {
    fwrite(piece.data, 1, piece.size, text->memory.out);
}

void graph_text_place(struct graph_text *text, struct table_place place) {
    if (place.source != TABLE_NONE) {
        const struct table *table = text->builder->table;
        fputc('\n', text->memory.out);
        graph_text_write(text, table_text(table, table->source[place.source].name));
        fprintf(text->memory.out, ":%u", place.line);
    }
}

struct slice graph_text_of(const struct graph_builder *builder, struct table_string string) {
    return table_text(builder->table, string);
}
