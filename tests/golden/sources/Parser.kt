package org.example.json

import java.io.Reader

sealed class Value {
    object Null : Value()
    data class Number(val value: Double) : Value()
    data class Text(val value: String) : Value()
    data class Items(val values: List<Value>) : Value()
    data class Fields(val values: Map<String, Value>) : Value()
}

class ParseException(message: String, val offset: Int) : Exception("$message at $offset")

class Parser(private val text: String) {
    private var offset = 0

    fun parse(): Value {
        val value = value()
        skipBlanks()
        if (offset < text.length) {
            throw ParseException("something follows: '${text[offset]}'", offset)
        }
        return value
    }

    private fun value(): Value {
        skipBlanks()
        return when (val sign = peek()) {
            '{' -> fields()
            '[' -> items()
            '"' -> Value.Text(string())
            'n' -> {
                expect("null")
                Value.Null
            }
            else -> if (sign.isDigit() || sign == '-') number() else fail("值不对: $sign")
        }
    }

    private fun items(): Value {
        val values = mutableListOf<Value>()
        expect("[")
        skipBlanks()
        while (peek() != ']') {
            values += value()
            skipBlanks()
            if (peek() == ',') expect(",") else break
        }
        expect("]")
        return Value.Items(values)
    }

    private fun fields(): Value {
        val values = linkedMapOf<String, Value>()
        expect("{")
        skipBlanks()
        while (peek() != '}') {
            val name = string()
            skipBlanks()
            expect(":")
            values[name] = value()
            skipBlanks()
            if (peek() == ',') {
                expect(",")
                skipBlanks()
            } else {
                break
            }
        }
        expect("}")
        return Value.Fields(values)
    }

    private fun string(): String = buildString {
        expect("\"")
        while (peek() != '"') {
            if (peek() == '\\') offset++
            append(text[offset++])
        }
        expect("\"")
    }

    private fun number(): Value {
        val start = offset
        while (offset < text.length && text[offset] in "+-.eE0123456789") {
            offset++
        }
        return Value.Number(text.substring(start, offset).toDouble())
    }

    private fun peek(): Char = text.getOrElse(offset) { fail("the end") }

    private fun expect(wanted: String) {
        if (!text.startsWith(wanted, offset)) {
            fail("not $wanted")
        }
        offset += wanted.length
    }

    private fun skipBlanks() {
        while (offset < text.length && text[offset].isWhitespace()) offset++
    }

    private fun fail(message: String): Nothing = throw ParseException(message, offset)
}

fun Reader.parseJson(): Value = use { Parser(it.readText()).parse() }
