# frozen_string_literal: true

require "date"
require "json"

module Billing
  class Error < StandardError; end

  Line = Struct.new(:title, :count, :price, keyword_init: true) do
    def total
      count * price
    end
  end

  class Invoice
    include Enumerable

    attr_reader :customer, :date, :lines

    RATES = { "de" => 0.19, "fr" => 0.20, "cn" => 0.13 }.freeze

    def initialize(customer, date: Date.today, country: "de")
      @customer = customer
      @date = date
      @country = country
      @lines = []
    end

    def add(title, count: 1, price:)
      raise Error, "negative: #{price}" if price.negative?

      @lines << Line.new(title: title, count: count, price: price)
      self
    end

    def each(&block)
      return enum_for(:each) unless block

      @lines.each(&block)
    end

    def net
      sum(&:total)
    end

    def tax
      rate = RATES.fetch(@country) do |name|
        raise Error, "没有税率: #{name}"
      end
      (net * rate).round(2)
    end

    def gross
      net + tax
    end

    def overdue?(today = Date.today)
      case (today - date).to_i
      when 0..14 then false
      when 15..30
        gross > 1000
      else
        true
      end
    end

    def to_s
      rows = map do |line|
        format("%-20s %3d x %8.2f", line.title, line.count, line.price)
      end
      rows << "-" * 36
      rows << "总计: #{gross}"
      rows.join("\n")
    end

    def self.parse(text)
      data = JSON.parse(text, symbolize_names: true)
      invoice = new(data[:customer], date: Date.parse(data[:date]))
      data.fetch(:lines, []).each do |line|
        invoice.add(line[:title], count: line[:count] || 1, price: line[:price])
      end
      invoice
    rescue JSON::ParserError => e
      raise Error, e.message
    ensure
      warn "parsed #{text.size} characters" if $DEBUG
    end
  end
end

if __FILE__ == $PROGRAM_NAME
  invoice = Billing::Invoice.parse(ARGF.read)
  puts invoice
  exit 1 if invoice.overdue?
end
